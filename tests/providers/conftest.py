import shutil
import socket

import psutil
import pytest
from support import models

from modelport.bundle import build, load
from modelport.providers.local import LocalServer
from modelport.providers.local.process import of_folder


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """A folder with `twice` and `thrice`, versions 1 and 2 of a model, and `slow`, which takes as long as its input."""
    folder = tmp_path_factory.mktemp("bundles")
    for version, (name, factor) in enumerate([("twice", 2.0), ("thrice", 3.0)], start=1):
        build(
            models.save(models.scaling(factor), folder / f"{name}.onnx"),
            folder / name,
            name="scale",
            version=f"{version}",
        )
    build(models.save(models.counting(), folder / "slow.onnx"), folder / "slow")
    return folder


@pytest.fixture
def copy_of(bundles, tmp_path):
    """Copy a bundle, to damage it."""
    return lambda name: shutil.copytree(bundles / name, tmp_path / name)


@pytest.fixture
def run_dir(tmp_path):
    """A server's run folder; no process of it is left afterwards."""
    folder = tmp_path / "servers" / "dev" / "scale"
    yield folder
    for process in of_folder(folder):
        process.kill()
    psutil.wait_procs(of_folder(folder), timeout=30)


@pytest.fixture
def inputs(bundles, run_dir):
    """Make the inputs of a server, checked: of a bundle by name or path, with other inputs as given."""

    def inputs(bundle="twice", **more):
        path = bundles / bundle
        asked = {"service": "scale", "runDir": str(run_dir), "bundle": str(path), "digest": load(path).digest, **more}
        checked, failures = LocalServer().check(asked)
        assert not failures
        return checked

    return inputs


@pytest.fixture
def server():
    """The resource, with what it says while it waits kept in `said`."""
    return TalkingServer()


class TalkingServer(LocalServer):
    def __init__(self):
        self.said = []

    def create(self, inputs):
        return super().create(inputs, self.said.append)[1]

    def update(self, inputs):
        return super().update(inputs["runDir"], inputs, self.said.append)

    def delete(self, id):
        super().delete(str(id), {}, self.said.append)


@pytest.fixture
def free_port():
    """A port that is free at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]
