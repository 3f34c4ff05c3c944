"""Records of what was served, and of what was right."""

import asyncio
import json
import os
import stat
import subprocess
import sys

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from onnx import TensorProto
from support import models

from modelport.bundle import build
from modelport_server.inference.model import Model
from modelport_server.observe.context import is_sampled
from modelport_server.observe.redaction import UnknownName

INFER = "/v2/models/scale/infer"


def request(*values, **more):
    return {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": list(values or (1, 2, 3))}], **more}


def records(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture
def scale(bundles):
    return Model.load(bundles / "twice")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "capture.jsonl"


@pytest.fixture
def kept(watch, file):
    """What is in the file when all is written."""

    def kept():
        watch.close()
        return records(file)

    return kept


def test_a_record_says_what_came_in_and_went_out(watch, scale, file, kept):
    ask = watch(scale, capture=str(file))
    response, _ = ask(INFER, request(), x_request_id="mine", traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    assert (b"x-inference-id", b"mine") in response.headers
    (record,) = kept()
    assert record.pop("time").endswith("Z")
    assert 0 < record.pop("duration_seconds") < 10
    assert record == {
        "schema": "modelport.capture/1",
        "kind": "inference",
        "inference_id": "mine",
        "trace_id": "a" * 32,
        "model": "scale",
        "version": "1",
        "digest": scale.bundle.digest,
        "route": "v2_infer",
        "code": None,
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1.0, 2.0, 3.0]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 3], "data": [2.0, 4.0, 6.0]}],
    }


def test_every_http_wire_is_recorded(watch, scale, file, kept):
    ask = watch(scale, capture=str(file))
    ask(INFER, request())
    ask("/v1/models/scale:predict", {"instances": [[1, 2, 3]]})
    ask("/invocations", b"1,2,3", content_type="text/csv")
    ask("/score", {"instances": [[1, 2, 3]]})
    ask("/score", request(), x_vertex_ai_triton_redirect="v2/models/scale/infer")
    found = kept()
    assert [each["route"] for each in found] == ["v2_infer", "v1_predict", "invocations", "score", "score"]
    assert {str((each["inputs"][0]["data"], each["outputs"][0]["data"])) for each in found} == {
        "([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])"
    }


@pytest.mark.parametrize(
    ("headers", "identity", "expected"),
    [
        ({"x_amzn_sagemaker_inference_id": "s", "x_request_id": "r"}, "v", "s"),
        ({"x_request_id": "r"}, "v", "r"),
        ({}, "v", "v"),
        ({"x_request_id": "has space"}, "v", "v"),
        ({"x_request_id": "x" * 129}, "v", "v"),
        ({}, "ünsafe\r\nheader: 1", None),
        ({}, "", None),
        ({}, None, None),
    ],
)
def test_an_inference_has_the_id_that_came_with_it_or_a_new_one(watch, scale, file, kept, headers, identity, expected):
    ask = watch(scale, capture=str(file))
    response, _ = ask(INFER, request(**({} if identity is None else {"id": identity})), **headers)
    given = dict(response.headers)[b"x-inference-id"].decode()
    assert given == expected if expected else len(given) == 32
    assert [each["inference_id"] for each in kept()] == [given]


def test_no_id_is_answered_where_nobody_asks_for_it(ask):
    response, _ = ask(INFER, request(), x_request_id="mine")
    assert response.headers == ()


def test_what_the_model_refuses_is_recorded_with_its_code_and_what_cannot_be_read_is_not(watch, tmp_path, file, kept):
    table = Model.load(models.save(models.lookup(), tmp_path / "table.onnx"))
    ask = watch(table, capture=str(file))
    entry = {"name": "x", "datatype": "INT64", "shape": [1], "data": [9]}
    assert ask("/v2/models/table/infer", {"inputs": [entry]})[0].status == 400
    assert ask("/v2/models/table/infer", {"inputs": []})[0].status == 400
    assert ask("/v2/models/table/infer", b"{")[0].status == 400
    (record,) = kept()
    assert (record["code"], record["inputs"][0]["data"], record["outputs"]) == ("invalid_input", [9], [])


def test_values_that_json_has_no_numbers_for_are_null_and_texts_are_texts(watch, tmp_path, file, kept):
    echo = Model.load(models.save(models.identity(TensorProto.FLOAT), tmp_path / "f.onnx"))
    words = Model.load(models.save(models.identity(TensorProto.STRING), tmp_path / "s.onnx"))
    ask = watch(echo, words, capture=str(file))
    ask("/v2/models/s/infer", {"inputs": [{"name": "x", "datatype": "BYTES", "shape": [2], "data": ["é", ""]}]})
    raw = np.array([np.nan, np.inf, 1], np.float32).tobytes()
    entry = {"name": "x", "datatype": "FP32", "shape": [3], "parameters": {"binary_data_size": len(raw)}}
    head = json.dumps({"inputs": [entry]}).encode()
    ask("/v2/models/f/infer", head + raw, inference_header_content_length=str(len(head)))
    assert [each["inputs"][0]["data"] for each in kept()] == [["é", ""], [None, None, 1.0]]


def test_the_sample_is_the_same_in_every_process(watch, scale, file, kept):
    ask = watch(scale, capture=str(file), capture_sample=0.3)
    names = [f"id-{number}" for number in range(300)]
    for name in names:
        assert (b"x-inference-id", name.encode()) in ask(INFER, request(id=name))[0].headers
    found = [each["inference_id"] for each in kept()]
    code = f"from modelport_server.observe.context import is_sampled as s; print([n for n in {names} if s(n, 0.3)])"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert (str(found), 50 < len(found) < 130) == (other.strip(), True)
    assert (is_sampled("any", 0), is_sampled("any", 1)) == (False, True)


def test_redacted_tensors_and_columns_leave_no_values(watch, scale, file, kept):
    ask = watch(scale, capture=str(file), capture_redact=("x[1]", "y"))
    ask(INFER, request(1, 8192777, 3))
    (record,) = kept()
    assert record["inputs"] == [
        {"name": "x", "datatype": "FP32", "shape": [1, 3], "redacted": [1], "data": [1.0, None, 3.0]}
    ]
    assert record["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [1, 3], "left_out": "redacted"}]
    assert "8192777" not in file.read_text()
    assert "16385554" not in file.read_text()


@pytest.mark.parametrize("name", ["age", "x[3]", "X", "x[-1]", ""])
def test_a_name_to_redact_that_no_model_has_stops_the_server(watch, scale, file, name):
    with pytest.raises(UnknownName, match="no model has"):
        watch(scale, capture=str(file), capture_redact=("x", name))


def test_values_too_large_for_a_record_are_left_out_the_largest_first(watch, tmp_path, file, kept):
    path = models.save(models.echo(), tmp_path / "echo.onnx")
    ask = watch(Model.load(path), capture=str(file), capture_max_bytes=8192)
    bundle = ask.app.models.named("echo").bundle
    sizes = {"in_FLOAT": 3000, "in_DOUBLE": 100_000}

    def entry(tensor):
        value = {"BYTES": "a", "BOOL": True}.get(tensor.datatype, 1)
        data = [value] * sizes.get(tensor.name, 1)
        return {"name": tensor.name, "datatype": tensor.datatype, "shape": [len(data)], "data": data}

    ask.app.max_body = 10_000_000
    inputs = [entry(tensor) for tensor in bundle.inputs if tensor.datatype != "FP16"]
    half = {"name": "in_FLOAT16", "datatype": "FP16", "shape": [1], "parameters": {"binary_data_size": 2}}
    head = json.dumps({"inputs": [*inputs, half], "outputs": [{"name": "out_INT8"}, {"name": "out_FLOAT"}]}).encode()
    response, answer = ask("/v2/models/echo/infer", head + b"\0\0", inference_header_content_length=str(len(head)))
    assert response.status == 200, answer
    (line,) = file.read_bytes().splitlines(True) if kept() else []
    assert len(line) <= 8192
    record = json.loads(line)
    left = {entry["name"] for entry in (*record["inputs"], *record["outputs"]) if entry.get("left_out") == "size"}
    assert left == {"in_FLOAT", "in_DOUBLE", "out_FLOAT"}
    assert record["outputs"][0]["data"] == [1]


def test_a_file_of_records_is_not_for_everybody(watch, scale, file):
    watch(scale, capture=str(file))
    assert stat.S_IMODE(file.stat().st_mode) & 0o027 == 0


def test_feedback_is_a_record_of_its_own(watch, scale, file, kept):
    ask = watch(scale, capture=str(file), capture_sample=0)
    for content in ({"inference_id": "a", "label": 7, "model": "scale"}, {"inference_id": "b", "label": {"x": [1]}}):
        response, answer = ask("/feedback", content)
        assert (response.status, answer) == (202, {"accepted": True})
    found = kept()
    assert [(each.pop("kind"), each.pop("schema"), each.pop("time")[-1]) for each in found] == [
        ("feedback", "modelport.capture/1", "Z")
    ] * 2
    assert found == [
        {"inference_id": "a", "model": "scale", "label": 7},
        {"inference_id": "b", "model": None, "label": {"x": [1]}},
    ]
    text = ask("/metrics")[0].body.decode()
    assert 'modelport_capture_records_total{kind="feedback"} 2' in text
    assert 'modelport_capture_dropped_total{reason="queue"} 0' in text


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "not JSON"),
        ([1], 400, "not a JSON object"),
        ({"label": 1}, 400, "missing field inference_id"),
        ({"inference_id": "a"}, 400, "missing field label"),
        ({"inference_id": 1, "label": 1}, 400, "inference_id must be"),
        ({"inference_id": "a b", "label": 1}, 400, "inference_id must be"),
        ({"inference_id": "x" * 129, "label": 1}, 400, "inference_id must be"),
        ({"inference_id": "a", "label": 1, "lable": 2}, 400, "unknown field lable"),
        ({"inference_id": "a", "label": 1, "model": 3}, 400, "model must be"),
        ({"inference_id": "a", "label": 1, "model": "nope"}, 404, "no model nope"),
        ({"inference_id": "a", "label": "x" * 3000}, 413, "the label has 3002 bytes"),
    ],
)
def test_feedback_that_is_none_is_refused(watch, scale, file, kept, body, status, message):
    ask = watch(scale, capture=str(file), capture_max_bytes=2048)
    response, answer = ask("/feedback", body)
    assert (response.status, message in answer["error"]) == (status, True), answer
    assert ask("/feedback", method="GET")[0].status == 405
    assert kept() == []


def test_feedback_without_capture_is_refused_with_what_to_do(ask):
    response, answer = ask("/feedback", {"inference_id": "a", "label": 1})
    assert (response.status, answer["code"]) == (404, "not_found")
    assert "--capture" in answer["error"]


@pytest.mark.parametrize("wire", ["http", "grpc"])
def test_a_server_writes_to_standard_output_and_flushes_when_it_drains(start, bundles, wire):
    server = start("--model", bundles / "twice", "--grpc-port", 0, "--capture", "stdout", "--capture-redact", "y")
    if wire == "http":
        with server.client() as client:
            answers = [client.post(INFER, json=request(id=f"i{number}")) for number in range(50)]
        assert [answer.headers["x-inference-id"] for answer in answers] == [f"i{number}" for number in range(50)]
    else:
        with grpc.insecure_channel(f"127.0.0.1:{server.ready['grpc']}"):
            client = triton.InferenceServerClient(f"127.0.0.1:{server.ready['grpc']}")
            tensor = triton.InferInput("x", [1, 3], "FP32")
            tensor.set_data_from_numpy(np.array([[1, 2, 3]], np.float32))
            for number in range(50):
                client.infer("scale", [tensor], request_id=f"i{number}", headers={"x-request-id": f"i{number}"})
            client.close()
    assert server.stop() == 0
    found = [json.loads(line) for line in server.process.stdout]
    assert [each["inference_id"] for each in found] == [f"i{number}" for number in range(50)]
    assert {each["route"] for each in found} == {"v2_infer" if wire == "http" else "grpc_ModelInfer"}
    assert found[0]["inputs"][0]["data"] == [1.0, 2.0, 3.0]


def test_grpc_answers_the_id_in_its_trailer_beside_the_code(start, bundles, tmp_path):
    table = models.save(models.lookup(), tmp_path / "table.onnx")
    server = start("--model", table, "--grpc-port", 0, "--capture", tmp_path / "c.jsonl")
    from tritonclient.grpc import service_pb2, service_pb2_grpc

    def asked(value):
        entry = {"name": "x", "datatype": "INT64", "shape": [1], "contents": {"int64_contents": [value]}}
        return service_pb2.ModelInferRequest(model_name="table", id=f"id-{value}", inputs=[entry])

    with grpc.insecure_channel(f"127.0.0.1:{server.ready['grpc']}") as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        _, call = stub.ModelInfer.with_call(asked(1))
        assert ("x-inference-id", "id-1") in call.trailing_metadata()
        with pytest.raises(grpc.RpcError) as failed:
            stub.ModelInfer(asked(9))
        trailers = dict(failed.value.trailing_metadata())
        assert (trailers["x-inference-id"], trailers["modelport-code"]) == ("id-9", "invalid_input")
    assert server.stop() == 0
    found = records(tmp_path / "c.jsonl")
    assert [(each["inference_id"], each["code"]) for each in found] == [("id-1", None), ("id-9", "invalid_input")]


def test_a_reader_of_standard_output_that_stops_reading_stops_no_request(start, tmp_path):
    build(models.save(models.scaling(2.0), tmp_path / "m.onnx"), tmp_path / "m", name="scale")
    server = start("--model", tmp_path / "m", "--capture", "stdout")
    values = list(range(3 * 500))
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [500, 3], "data": values}]}
    with server.client() as client:
        for _ in range(100):  # ten times what a pipe holds
            assert client.post(INFER, json=body).status_code == 200
    assert server.stop() == 0
    assert "records were still waiting" in server.errors


@pytest.mark.parametrize(
    ("flags", "status", "message"),
    [
        (["--capture", "/nowhere/c.jsonl"], 2, "/nowhere/c.jsonl\n  cannot be written: No such file or directory."),
        (["--capture", "stdout", "--capture-sample", "2"], 2, "'2' is no share"),
        (["--capture", "stdout", "--capture-sample", "nan"], 2, "'nan' is no share"),
        (["--capture", "stdout", "--capture-max-bytes", "10"], 2, "at least 1024"),
        (["--capture", "stdout", "--capture-disk", "x"], 2, "at least 16777216"),
        (["--capture", "stdout", "--capture-redact", "agee"], 2, "no model has agee"),
        (["--emf", "0"], 2, "'0' is no time"),
        (["--drift", "-1"], 2, "share"),
        (["--log-format", "xml"], 2, "invalid choice"),
    ],
)
def test_wrong_options_are_said(start, bundles, flags, status, message):
    server = start("--model", bundles / "twice", *flags)
    assert (server.ready, server.wait()) == (None, status)
    assert message in server.errors
    assert "Traceback" not in server.errors


def test_options_come_from_the_environment_too(start, bundles, tmp_path, monkeypatch):
    for name, value in {"CAPTURE": str(tmp_path / "c"), "CAPTURE_REDACT": "x,y", "CAPTURE_SAMPLE": "1.0"}.items():
        monkeypatch.setenv(f"MODELPORT_{name}", value)
    server = start("--model", bundles / "twice")
    with server.client() as client:
        client.post(INFER, json=request())
    assert server.stop() == 0
    (record,) = records(tmp_path / "c")
    assert {entry["left_out"] for entry in (*record["inputs"], *record["outputs"])} == {"redacted"}


def test_what_nobody_asks_for_is_not_imported(bundles):
    code = (
        "import sys, modelport_server.serve as s, modelport_server.inference.model as m; from pathlib import Path;"
        "from modelport_server.app import Application; from modelport_server.observe.observation import Observation;"
        "from modelport_server.observe.options import Watching;"
        f"model = m.Model.load(Path({str(bundles / 'twice')!r}));"
        "o = Observation(Watching(), Application(1)); o.start([model.bundle]); o.close(1);"
        "print(sorted(n for n in sys.modules if n.startswith(('opentelemetry', 'requests', 'argparse'))"
        " or n.rpartition('.')[2] in ('capture', 'drift', 'comparison', 'traces', 'push', 'emf', 'sink')))"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.stdout.strip() in ("[]", "['argparse']"), done.stderr


def test_a_request_whose_client_is_gone_is_no_record(watch, scale, file, kept):
    ask = watch(scale, capture=str(file), drift=1.0)

    async def gone(feeds, outputs, deadline):
        raise asyncio.CancelledError

    scale.infer = gone
    with pytest.raises(asyncio.CancelledError):
        ask(INFER, request())
    assert kept() == []


def test_a_fault_of_the_server_is_a_record_too(watch, scale, file, kept):
    ask = watch(scale, capture=str(file), drift=1.0)

    async def broken(feeds, outputs, deadline):
        raise ZeroDivisionError

    scale.infer = broken
    response, _ = ask(INFER, request(id="a"))
    assert (response.status, (b"x-inference-id", b"a") in response.headers) == (500, True)
    (record,) = kept()
    assert (record["code"], record["outputs"]) == ("internal", [])
