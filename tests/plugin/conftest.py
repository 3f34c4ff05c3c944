import pytest
from support import models
from support.plugin import Engine, Plugin

from modelport.bundle import build


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    """The bundle of a model that doubles its input."""
    folder = tmp_path_factory.mktemp("bundles")
    return build(models.save(models.doubling(), folder / "doubling.onnx"), folder / "doubling", name="doubling")


@pytest.fixture(scope="session")
def started(tmp_path_factory):
    """An engine and the plugin that it started, working in an empty project folder."""
    with Engine() as engine, Plugin(engine.address, tmp_path_factory.mktemp("project")) as plugin:
        yield engine, plugin


@pytest.fixture
def engine(started):
    """An engine that notes what is registered and logged in this test."""
    engine, _ = started
    engine.registered.clear()
    engine.logged.clear()
    return engine


@pytest.fixture
def plugin(started):
    """The plugin that the engine started."""
    return started[1]
