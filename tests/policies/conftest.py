from functools import partial

import pytest
from support.analyzer import process, served

import modelport_policies


@pytest.fixture
def analyzer(tmp_path):
    """Starts a policy pack in a project of its own: `with analyzer(...) as pack`."""
    return partial(served, tmp_path)


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    with served(tmp_path_factory.mktemp("project")) as analyzer:
        yield analyzer


@pytest.fixture
def pack(running):
    """The installed pack with the standard profile."""
    running.configure()
    return running


@pytest.fixture
def failed_start(tmp_path):
    """What a policy pack that cannot start says."""

    def start(config=None, **environment):
        with process(modelport_policies.path(), tmp_path, config or {}, environment) as child:
            output, errors = child.communicate(timeout=60)
            assert child.returncode != 0
            assert output == ""
            return errors

    return start
