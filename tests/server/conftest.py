import asyncio
import json

import pytest
from support import models
from support.server import Server

from modelport.bundle import build
from modelport_server.app import Application
from modelport_server.exchange import Request
from modelport_server.inference.model import Model
from modelport_server.observe.observation import Observation
from modelport_server.observe.options import Watching


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """A folder with the bundles `twice` and `thrice`, versions 1 and 2 of the model `scale`, and `slow`."""
    folder = tmp_path_factory.mktemp("bundles")
    for version, (name, factor) in enumerate([("twice", 2.0), ("thrice", 3.0)], start=1):
        model = models.save(models.scaling(factor), folder / f"{name}.onnx")
        build(model, folder / name, name="scale", version=str(version))
    build(models.save(models.counting(), folder / "slow.onnx"), folder / "slow")
    return folder


@pytest.fixture
def start():
    """Start server processes; all are gone afterwards."""
    servers = []

    def start(*flags, http_port=0, **options):
        port = [] if http_port is None else ["--http-port", http_port]
        servers.append(Server(*port, *flags, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="module")
def serve():
    """Start server processes for all tests of a file; all are gone afterwards."""
    servers = []

    def serve(*flags):
        servers.append(Server("--http-port", 0, *flags))
        return servers[-1]

    yield serve
    for server in servers:
        server.kill()


@pytest.fixture
def ask(bundles):
    """Ask an application that serves `twice` as `scale`."""
    return Asker(Model.load(bundles / "twice"))


@pytest.fixture
def ask_of():
    """Make another asker, of the models given."""
    return Asker


@pytest.fixture
def watch():
    """Make an asker of the models given, watched as the options say; `watch.close()` writes what is waiting."""
    observations = []

    def watch(*models, **options):
        asker = Asker()
        observations.append(Observation(Watching(**options), asker.app))
        observations[-1].start([model.bundle for model in models])
        asker.app.start(models)
        return asker

    def close():
        while observations:
            observations.pop().close(10)

    watch.close = close
    yield watch
    close()


class Asker:
    """Calls an application without a socket: gives the response and, where its body is JSON, the JSON."""

    def __init__(self, *models, **options):
        self.app = Application(max_body=10_000, **options)
        if models:
            self.app.start(models)

    def __call__(self, path, body=None, *, method=None, content_type="application/json", **headers):
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {"content-type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
        encoded = {name.encode(): value.encode() for name, value in given.items()}
        request = Request(method or ("GET" if body is None else "POST"), path, encoded, raw)
        response = asyncio.run(self._answer(request))
        is_json = response.body and response.content_type == "application/json"
        return response, json.loads(response.body) if is_json else None

    async def _answer(self, request):
        return await self.app.answer(request)
