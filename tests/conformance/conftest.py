from dataclasses import replace

import pytest
from onnx import TensorProto, helper
from support import models
from support.proxy import GrpcProxy, Proxy
from support.server import Server

from modelport.bundle import build
from modelport.conformance import Client, Session, Subject, judge
from modelport_server.wire.messages import message

FLOAT = TensorProto.FLOAT


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """A folder with the bundles `numbers` (a table in, scores and a label out) and `words` (texts in and out)."""
    folder = tmp_path_factory.mktemp("bundles")
    nodes = [helper.make_node("Softmax", ["x"], ["scores"], axis=1), helper.make_node("Neg", ["x"], ["negative"])]
    outputs = [(name, FLOAT, ["n", 3]) for name in ("scores", "negative")]
    numbers = models.make(nodes, [("x", FLOAT, ["n", 3])], outputs)
    build(models.save(numbers, folder / "numbers.onnx"), folder / "numbers")
    words = models.identity(TensorProto.STRING)
    build(models.save(words, folder / "words.onnx"), folder / "words")
    return folder


@pytest.fixture(scope="session")
def servers(bundles):
    """A right server for each bundle."""
    flags = ["--http-port", 0, "--grpc-port", 0]
    servers = {name: Server("--model", bundles / name, *flags) for name in ("numbers", "words")}
    yield servers
    for server in servers.values():
        server.kill()


class TimedClient(Client):
    """By its clock each path takes as long as it is told, so that no verdict depends on how busy a machine is."""

    def __init__(self, url, seconds):
        super().__init__(url, timeout=60)
        self._seconds = seconds

    def ask(self, method, path, body, headers):
        return replace(super().ask(method, path, body, headers), seconds=self._seconds.get(path, 0.01))


@pytest.fixture
def session(servers, bundles):
    """A session with a server of a bundle; or, with `before` or `after`, with one that is wrong in something."""
    proxies = []

    def session(name="numbers", *, before=None, after=None, grpc_before=None, grpc_after=None, seconds=None):
        server = servers[name]
        port, grpc = server.port, server.ready["grpc"]
        if before or after:
            proxies.append(Proxy(port, before, after))
            port = proxies[-1].port
        if grpc_before or grpc_after:
            proxies.append(GrpcProxy(grpc, message, grpc_before, grpc_after))
            grpc = proxies[-1].port
        client = TimedClient(f"http://127.0.0.1:{port}", seconds or {})
        return Session(client, Subject.of_bundle(bundles / name), grpc=f"127.0.0.1:{grpc}", message=message)

    yield session
    for proxy in proxies:
        proxy.close()


@pytest.fixture
def outcomes():
    """What comes of each check of a wire: its outcome and reason by id."""

    def outcomes(session, wire):
        return {result.check.id: (result.outcome, result.reason) for result in judge(session, [wire])}

    return outcomes
