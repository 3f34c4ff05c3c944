import os

import pytest
from support.proxy import Proxy
from support.server import Server, free_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("conformance")


@pytest.fixture(scope="module")
def server(folder):
    """A server of the model `m`, and the bundle that it serves."""
    from support.models import doubling, save

    from modelport.bundle import build

    build(save(doubling(), folder / "m.onnx"), folder / "m")
    server = Server("--model", folder / "m", "--http-port", 0, "--grpc-port", 0)
    yield server
    server.kill()


@pytest.fixture
def url(server):
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def without_ids(server):
    """The address of a server that forgets a request's id, and asks for a password."""

    def before(exchange):
        if exchange.headers.get("authorization") != "Bearer s3cret":
            exchange.say(401, {"error": "who are you?"})

    def after(exchange):
        if exchange.path.endswith("/infer") and exchange.status == 200 and exchange.body.startswith(b"{"):
            exchange.edit(lambda content: content.pop("id", None) and None)

    proxy = Proxy(server.port, before, after)
    yield f"http://127.0.0.1:{proxy.port}"
    proxy.close()


def test_a_server_that_does_all_it_must_is_told_so(url, server, folder, modelport):
    address = f"127.0.0.1:{server.ready['grpc']}"
    answer = modelport("conformance", url, "--bundle", str(folder / "m"), "--grpc", address)
    assert answer.code == 0, answer.out
    lines = answer.out.splitlines()
    assert lines[0].split() == ["wire", "passed", "failed", "must", "failed", "should", "skipped"]
    assert [line.split()[0] for line in lines[1:7]] == ["v2", "v2-grpc", "v1", "sagemaker", "vertex", "azureml"]
    assert all(line.split()[2:4] == ["0", "0"] for line in lines[1:7])


def test_grpc_alone_is_asked_at_the_address_given(server, folder, modelport):
    url = f"http://127.0.0.1:{server.ready['grpc']}"
    answer = modelport("conformance", url, "--wire", "v2-grpc", "--bundle", str(folder / "m"), "--json")
    assert (answer.code, answer.json["wires"]) == (0, ["v2-grpc"])


def test_machines_get_every_check_with_its_reason(url, modelport):
    found = modelport("conformance", url, "--wire", "v2", "--wire", "v1", "--json").json
    assert (found["url"], found["passed"], found["wires"]) == (url, True, ["v2", "v1"])
    by_id = {check["id"]: check for check in found["checks"]}
    assert by_id["v2.infer.id"]["result"] == "pass"
    assert by_id["v2.infer.text"]["reason"] == "the model takes no texts"
    assert set(by_id["v1.predict"]) == {"id", "wire", "level", "demand", "source", "result", "reason", "seconds"}


def test_a_failure_says_what_was_demanded_and_by_which_text(without_ids, modelport, monkeypatch):
    monkeypatch.setenv("AUTHORIZATION", "Bearer s3cret")
    answer = modelport("conformance", without_ids, "--wire", "v2", "--auth-env", "AUTHORIZATION")
    assert answer.code == 1
    assert answer.out.splitlines()[:3] == [
        "must    v2.infer.id  the id of a request comes back",
        "        id is None, expected is 'modelport-conformance-é'",
        "        Open Inference Protocol, HTTP/REST: Inference",
    ]
    assert "s3cret" not in answer.out + answer.err


def test_without_the_password_nothing_is_told(without_ids, modelport):
    answer = modelport("conformance", without_ids, "--wire", "v2")
    assert answer.code == 1
    assert "GET /v2/health/live answered 401" in answer.out


def test_what_a_server_only_should_do_fails_it_when_asked(server, modelport):
    def says_nothing(exchange):
        if exchange.path == "/v2/health/live":
            exchange.say(200, {})

    proxy = Proxy(server.port, after=says_nothing)
    words = ["conformance", f"http://127.0.0.1:{proxy.port}", "--wire", "v2"]
    try:
        answer = modelport(*words)
        assert (answer.code, answer.out.split()[:2]) == (0, ["should", "v2.live.body"])
        assert modelport(*words, "--strict").code == 1
    finally:
        proxy.close()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["http://127.0.0.1:{free}"], "cannot be reached: Connection refused"),
        (["ftp://127.0.0.1"], "is no address of a server"),
        (["http://"], "is no address of a server"),
        (["http://127.0.0.1:{free}/", "--auth-env", "NOT_THERE"], "there is no such variable"),
        (["http://127.0.0.1:{free}/", "--auth-env", "TWO_LINES"], "more than one line"),
        (["http://127.0.0.1:{free}/", "--wire", "v3"], "v3"),
        (["http://127.0.0.1:{free}/", "--wire", "v2", "--wire", "v2-grpc"], "Give it: --grpc HOST:PORT"),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(modelport, monkeypatch, words, text):
    monkeypatch.setenv("TWO_LINES", "Bearer a\nX-Evil: 1")
    monkeypatch.delenv("NOT_THERE", raising=False)
    answer = modelport("conformance", *(word.format(free=free_port()) for word in words))
    assert (answer.code, answer.out) == (2, "")
    assert text in answer.err
    assert "X-Evil" not in answer.err
    assert os.environ["TWO_LINES"] not in answer.err


def test_a_server_of_nothing_is_wrong_usage(server, modelport):
    proxy = Proxy(server.port, before=lambda exchange: exchange.say(404, {}))
    try:
        answer = modelport("conformance", f"http://127.0.0.1:{proxy.port}")
    finally:
        proxy.close()
    assert (answer.code, "speaks none of the protocols" in answer.err) == (2, True)


def test_a_bundle_that_is_none_is_told(url, tmp_path, modelport):
    answer = modelport("conformance", url, "--bundle", str(tmp_path))
    assert (answer.code, "not a bundle" in answer.err) == (1, True)
