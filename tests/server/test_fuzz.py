"""Requests gone wrong in every way that comes to mind: a client's fault is never the server's, on no wire."""

import asyncio
import contextlib
import copy
import json
import random

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import models

from modelport_server.app import Application
from modelport_server.exchange import Request
from modelport_server.inference.model import Model
from modelport_server.wire import bulk
from modelport_server.wire.messages import SERVICE

ODD = [
    None, True, -1, 0, 1.5, 2**31, 2**63, 2**64, 10**30, 1e308, -0.0, "", "x", "NaN", "[" * 50, "\x00", "\ud83d\ude00",
    [], {}, [[]], [[], [1]], [None], ["a", 1], {"b64": "AA=="}, {"b64": 1}, {"x": 1}, "FP32", "BYTES", "BF16",
    [10**9, 10**9],
]  # fmt: skip
TOKENS = [
    b"NaN",
    b"Infinity",
    b"-",
    b"1e400",
    b"[" * 600,
    b'{"a":' * 600,
    b"\x00",
    b"\xff\xfe",
    b'"\\ud800"',
    b",",
    b"]",
    b"\n",
]
DEADLINE = b"x-envoy-expected-rq-timeout-ms"
HEADERS = {
    b"content-type": [
        b"", b"text/csv", b"application/json", b"application/x-npy", b"application/jsonlines", b"text/csv; charset=x",
        b"application/vnd.sagemaker-triton.binary+json;json-header-size=5", b"\xff", b"a" * 500, b"multipart/form-data",
    ],
    b"accept": [b"text/csv", b"application/x-npy", b"image/png", b"*/*;q=0.1", b",,,", b"\xff"],
    b"inference-header-content-length": [b"0", b"-1", b"1", b"99999999", b"1e3", b"\xb2", b"9" * 400],
    b"content-encoding": [b"gzip", b"identity", b"\xff"],
    b"x-vertex-ai-triton-redirect": [b"v2/models/echo/infer", b"metrics", b"../../etc", b"v2/health/live", b"\xff"],
    b"x-amzn-sagemaker-custom-attributes": [b"a=b", b"\x01", b"x" * 2000],
    DEADLINE: [b"0", b"-5", b"9" * 400, b"\xb2"],
    b"traceparent": [b"00-xyz", b"\xff"],
}  # fmt: skip


def binary(body):
    head, rest = json.loads(body), b""
    for entry in head["inputs"]:
        data = b"".join(len(text.encode()).to_bytes(4, "little") + text.encode() for text in ["a", "b"])
        entry["parameters"] = {"binary_data_size": len(data)}
        rest += data if entry.pop("data") is not None else b""
    text = json.dumps(head).encode()
    return text + rest, {b"inference-header-content-length": str(len(text)).encode()}


TEXTS = {"inputs": [{"name": "x", "datatype": "BYTES", "shape": [2], "data": ["a", "b"]}]}
NUMBERS = {"id": "i", "inputs": [{"name": "x", "datatype": "FP32", "shape": [2, 3], "data": [1, 2, 3, 4, 5, 6.5]}],
           "outputs": [{"name": "y", "parameters": {"binary_data": True}}]}  # fmt: skip
ROWS = {"instances": [[1, 2, 3], [4, 5, 6.5]], "parameters": {"outputs": ["y"]}}
VALID = [
    ("/v2/models/scale/infer", NUMBERS, {}),
    ("/v2/models/texts/versions/1/infer", TEXTS, {}),
    ("/v1/models/scale:predict", ROWS, {}),
    ("/v1/models/texts:predict", {"instances": ["a", {"b64": "Yg=="}]}, {}),
    ("/invocations", ROWS, {b"content-type": b"application/json"}),
    ("/invocations", b"1,2,3\n4,5,6\n", {b"content-type": b"text/csv", b"accept": b"application/jsonlines"}),
    ("/invocations", b"[1,2,3]\n[4,5,6]\n", {b"content-type": b"application/jsonlines"}),
    ("/feedback", {"inference_id": "a", "label": 1}, {}),
]


@st.composite
def wrong(draw):
    """A request that was right before something happened to it."""
    path, body, headers = draw(st.sampled_from(VALID))
    if not isinstance(body, bytes):
        body = changed(draw, json.loads(json.dumps(body)))
        body = json.dumps(body).encode()
        if path.startswith("/v2/models/texts") and draw(st.booleans()):
            with contextlib.suppress(Exception):
                body, headers = binary(body)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 20)))
        body = body[:start] + draw(st.sampled_from(TOKENS) | st.binary(max_size=8)) + body[end:]
    for name in draw(st.lists(st.sampled_from(sorted(HEADERS)), max_size=2)):
        headers = {**headers, name: draw(st.sampled_from(HEADERS[name]))}
    return path, body, headers


def changed(draw, content):
    """Some value of it is another, or is missing, or there twice."""
    for _ in range(draw(st.integers(0, 2))):
        holder = content
        while True:
            keys = sorted(holder) if isinstance(holder, dict) else range(len(holder))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(holder[key], (dict, list)) and draw(st.booleans()):
                holder = holder[key]
                continue
            what = draw(st.sampled_from(["replace", "drop", "again"]))
            if what == "drop":
                del holder[key]
            elif what == "again" and isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            else:
                holder[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
            break
    return content


@pytest.fixture(scope="module")
def served(tmp_path_factory, bundles):
    """The model files `texts` and `scale`."""
    from onnx import TensorProto

    folder = tmp_path_factory.mktemp("fuzz")
    models.save(models.identity(TensorProto.STRING), folder / "texts.onnx")
    models.save(models.scaling(2.0), folder / "scale.onnx")
    return folder / "scale.onnx", folder / "texts.onnx"


@pytest.fixture(scope="module")
def app(served):
    app = Application(100_000)
    app.start([Model.load(path) for path in served])
    return app


@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(wrong(), st.booleans())
def test_no_request_is_the_servers_fault(app, monkeypatch, asked, large):
    monkeypatch.setattr(bulk, "LEAST_BYTES", 0 if large else 16_384)
    path, body, headers = asked
    response = asyncio.run(app.answer(Request("POST", path, headers, body)))
    late = response.status == 504 and headers.get(DEADLINE) == b"0"
    assert late or response.status < 500, (response.body, body, headers)
    if response.status >= 400:
        assert set(json.loads(response.body)) == {"error", "code"}


def test_a_process_stays_up_whatever_comes(start, served):
    """The same, over sockets: heads that are cut, bodies that are shorter or longer than they say, several at once."""
    server = start(*(word for path in served for word in ("--model", path)), "--grpc-port", 0, "--max-body", 100_000)

    async def one(chance):
        path, body, headers = chance.choice(VALID)
        body = bytearray(body if isinstance(body, bytes) else json.dumps(body).encode())
        for _ in range(chance.randrange(3)):
            at = chance.randrange(len(body) + 1)
            body[at : at + chance.randrange(5)] = chance.choice(TOKENS)
        said = chance.choice([len(body), len(body), len(body), 0, len(body) + 5, max(len(body) - 5, 0), -1, 2**64])
        lines = [f"POST {path} HTTP/1.1", f"content-length: {said}", "host: x"]
        raw = bytearray("\r\n".join(lines).encode() + b"\r\n")
        for name, value in headers.items():
            raw += name + b": " + value + b"\r\n"
        raw += b"\r\n" + body
        if chance.random() < 0.3:
            at = chance.randrange(len(raw))
            raw[at : at + chance.randrange(4)] = chance.choice([b"\r\n", b"\x00", b"\xff", b" ", b""])
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        with contextlib.suppress(ConnectionError):
            writer.write(bytes(raw[: chance.choice([len(raw)] * 5 + [chance.randrange(len(raw))])]))
            if chance.random() < 0.8:
                writer.write_eof()
                answer = await asyncio.wait_for(reader.read(), 30)
                assert not answer or answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4")), (bytes(raw), answer)
        writer.close()

    async def many():
        chance = random.Random(7)
        for _ in range(40):
            await asyncio.gather(*(one(random.Random(chance.random())) for _ in range(25)))

    asyncio.run(many())
    fuzz_grpc(server.ready["grpc"])
    with server.client() as client:
        assert client.post("/v2/models/texts/infer", json=TEXTS).json()["outputs"][0]["data"] == ["a", "b"]
    assert "failed" not in server.errors
    assert server.stop() == 0


def fuzz_grpc(port):
    chance = random.Random(7)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for _ in range(300):
            name = chance.choice(["ModelInfer", "ModelMetadata", "ModelReady", "Nothing"])
            ask = channel.unary_unary(f"/{SERVICE}/{name}")
            try:
                ask(chance.randbytes(chance.randrange(60)), timeout=30)
            except grpc.RpcError as error:
                assert error.code() in (
                    grpc.StatusCode.INVALID_ARGUMENT,
                    grpc.StatusCode.NOT_FOUND,
                    grpc.StatusCode.UNIMPLEMENTED,
                )
