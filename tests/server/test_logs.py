"""What the server writes on standard error."""

import io
import json
import logging
import sys

import pytest

from modelport_server.observe import logs
from modelport_server.observe.context import trace_id


@pytest.fixture
def logged(monkeypatch):
    """The log after something was done with a logger, of a form and a level."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level

    def logged(do, form="json", level="info"):
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        logs.configure(form, level)
        do(logging.getLogger("modelport_server.any"))
        text = sys.stderr.getvalue()
        return [json.loads(line) for line in text.splitlines()] if form == "json" else text

    yield logged
    root.handlers[:] = before
    root.setLevel(level)


def fail(log):
    try:
        int("4111 1111 1111 1111")
    except ValueError:
        log.exception("%s failed", "POST /score", extra={"trace_id": "t", "inference_id": None})


def test_a_line_is_an_object(logged):
    (line,) = logged(lambda log: log.info("ready on\n%s", 'a "host"'))
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "logger": "modelport_server.any", "message": 'ready on\na "host"'}


def test_an_error_has_its_type_and_stack_and_not_what_it_quotes(logged):
    (line,) = logged(fail)
    assert (line["message"], line["trace_id"], "inference_id" in line) == ("POST /score failed", "t", False)
    assert line["error"]["type"] == "builtins.ValueError"
    assert line["error"]["stack"][-1].endswith(" fail")
    assert "4111 1111" not in json.dumps(line)


def test_only_who_debugs_sees_what_an_error_quotes(logged):
    (line,) = logged(fail, level="debug")
    assert "4111" in line["error"]["message"]


def test_what_is_below_the_level_is_not_written(logged):
    assert logged(lambda log: (log.info("a"), log.warning("b")), level="error") == []


def test_text_is_for_people(logged):
    assert logged(lambda log: log.warning("slow"), form="text").endswith(" WARNING slow\n")


def test_a_server_logs_json_and_no_request_that_it_answers(start, bundles):
    server = start("--model", bundles / "twice", "--log-format", "json", "--capture", "stdout")
    with server.client() as client:
        entry = {"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [8192777, 2, 3]}
        assert client.post("/v2/models/scale/infer", json={"inputs": [entry]}).status_code == 200
        assert client.post("/v2/models/scale/infer", json={"inputs": "8192777"}).status_code == 400
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.errors.splitlines()]
    assert [line["message"].partition(" on ")[0] for line in lines] == ["ready", "draining"]
    assert "8192777" not in server.errors


def test_a_fault_of_the_server_is_logged_with_the_ids_of_the_request(ask, caplog):
    async def broken(request):
        raise ZeroDivisionError

    app = ask.app
    app._named_routes["v2", "infer"] = app._named_routes["v2", "infer"]._replace(handler=broken)
    response, _ = ask("/v2/models/scale/infer", {}, x_request_id="r", traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    assert response.status == 500
    assert [(record.inference_id, record.trace_id) for record in caplog.records] == [("r", "a" * 32)]


@pytest.mark.parametrize(
    ("version", "trace", "span"),
    [("00", "xyz", "b" * 16), ("00", "0" * 32, "b" * 16), ("ff", "a" * 32, "b" * 16), ("00", "a" * 32, "0" * 16)],
)
def test_a_traceparent_that_is_none_names_no_trace(version, trace, span):
    assert trace_id({b"traceparent": f"{version}-{trace}-{span}-01".encode()}) is None
    assert trace_id({}) is None
