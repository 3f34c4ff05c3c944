"""The binary tensor data extension of V2."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto
from support import models

from modelport_server.errors import Rejected
from modelport_server.inference.model import Model
from modelport_server.tensors import from_bytes, to_bytes
from modelport_server.wire import layouts, v2

INFER = "/v2/models/scale/infer"
RAW = np.array([[1, 2, 3.5]], "<f4").tobytes()


def binary(raw=RAW, shape=(1, 3), *, size=None, **more):
    """The body of a request for `scale`, and the size of its JSON."""
    entry = {"name": "x", "datatype": "FP32", "shape": list(shape)}
    entry["parameters"] = {"binary_data_size": len(raw) if size is None else size}
    text = json.dumps({"inputs": [entry], **more}).encode()
    return text + raw, len(text)


@pytest.fixture
def ask_binary(ask):
    def ask_binary(body, json_size):
        return ask(INFER, body, inference_header_content_length=str(json_size))

    return ask_binary


def test_bytes_mean_the_same_as_json(ask_binary):
    response, answer = ask_binary(*binary())
    assert response.status == 200
    assert answer["outputs"][0]["data"] == [2.0, 4.0, 7.0]


@pytest.mark.parametrize(
    "more",
    [
        {"parameters": {"binary_data_output": True}},
        {"outputs": [{"name": "y", "parameters": {"binary_data": True}}]},
    ],
)
def test_outputs_come_as_bytes_where_that_is_asked_for(ask_binary, more):
    response, _ = ask_binary(*binary(**more, id="7"))

    size = int(dict(response.headers)[b"inference-header-content-length"])
    answer = json.loads(response.body[:size])
    assert response.content_type == "application/octet-stream"
    assert (answer["id"], answer["outputs"][0]["parameters"]) == ("7", {"binary_data_size": 12})
    assert "data" not in answer["outputs"][0]
    assert np.frombuffer(response.body[size:], "<f4").tolist() == [2.0, 4.0, 7.0]


def test_an_output_may_come_as_json_beside_others_as_bytes(ask_of, tmp_path):
    ask = ask_of(Model.load(models.save(models.echo(), tmp_path / "echo.onnx")))
    names = {tensor.name: tensor.datatype for tensor in ask.app.models.only().bundle.inputs}
    entries = [{"name": name, "datatype": kind, "shape": [0], "data": []} for name, kind in names.items()]
    wanted = [{"name": "out_FLOAT"}, {"name": "out_INT8", "parameters": {"binary_data": False}}]
    content = {"inputs": entries, "outputs": wanted, "parameters": {"binary_data_output": True}}

    response, _ = ask("/v2/models/echo/infer", content)

    answer = json.loads(response.body[: int(dict(response.headers)[b"inference-header-content-length"])])
    assert [sorted(entry.keys() & {"data", "parameters"}) for entry in answer["outputs"]] == [["parameters"], ["data"]]


def test_a_request_for_bytes_may_itself_be_json(ask):
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]}
    response, _ = ask(INFER, {**body, "parameters": {"binary_data_output": True}})
    assert response.body.endswith(np.array([2, 4, 6], "<f4").tobytes())


def test_every_bit_survives(ask_of, tmp_path):
    """What is not finite is a value like others here, and tensors may begin anywhere."""
    ask = ask_of(Model.load(models.save(models.identity(TensorProto.DOUBLE), tmp_path / "m.onnx")))
    raw = struct.pack("<4d", float("nan"), float("inf"), -0.0, 5e-324)
    for padding in range(8):
        entry = {"name": "x", "datatype": "FP64", "shape": [4], "parameters": {"binary_data_size": 32}}
        content = {"inputs": [entry], "id": "i" * padding, "parameters": {"binary_data_output": True}}
        text = json.dumps(content).encode()
        response, _ = ask("/v2/models/m/infer", text + raw, inference_header_content_length=str(len(text)))
        assert response.body.endswith(raw)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (binary(size=13), "binary_data_size is 13, and only 12 bytes are left"),
        (binary(size=11), "it takes 12 bytes for FP32"),
        (binary(size=-1), "must be a number of bytes"),
        (binary(size="12"), "must be a number of bytes"),
        (binary(size=True), "must be a number of bytes"),
        (binary(RAW + b"more", size=12), "4 bytes after the last tensor belong to none"),
        (binary(shape=(2, 3)), "it takes 24 bytes for FP32 of shape [2, 3], not 12"),
        (binary(shape=(2**40, 3)), "it takes"),
        ((binary()[0], 10_000), "the JSON should have 10000 bytes"),
        ((binary()[0], 0), "the JSON should have 0 bytes"),
        ((binary()[0], 5), "the body is not JSON"),
        ((binary()[0], "-5"), "must be a number of bytes"),
        ((binary()[0], "1e3"), "must be a number of bytes"),
        ((binary()[0], "²"), "must be a number of bytes"),
        ((binary()[0], "9" * 5000), "must be a number of bytes"),
    ],
)
def test_sizes_that_lie_are_the_callers_fault(ask_binary, body, message):
    response, answer = ask_binary(*body)
    assert response.status == 400
    assert message in answer["error"]


def test_data_and_bytes_together_contradict_each_other(ask_binary):
    body, size = binary()
    text = body[:size].replace(b'"name"', b'"data": [1, 2, 3], "name"')
    assert "contradict" in ask_binary(text + body[size:], len(text))[1]["error"]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    file = tmp_path_factory.mktemp("texts") / "m.onnx"
    return Model.load(models.save(models.identity(TensorProto.STRING), file)).bundle


@given(st.lists(st.text(max_size=20), max_size=8))
def test_texts_survive_as_bytes(texts, values):
    tensor = texts.inputs[0]
    raw = to_bytes(np.array([*values, None], object)[:-1])
    assert from_bytes(raw, (len(values),), tensor).tolist() == values


@given(st.binary(max_size=40), st.integers(0, 4))
def test_bytes_that_are_no_texts_are_refused_and_nothing_else(texts, raw, count):
    tensor = texts.inputs[0]
    try:
        assert to_bytes(from_bytes(raw, (count,), tensor)) == raw
    except Rejected as rejection:
        assert rejection.fault.status == 400


@given(st.binary(max_size=200), st.integers(-1, 220))
def test_no_body_is_more_than_the_callers_fault(texts, body, json_size):
    with pytest.raises(Rejected):
        v2.decode(body, texts, json_size)


@pytest.mark.parametrize("raw", [b"\2", b"\xff"])
def test_truth_is_0_or_1(ask_of, tmp_path, raw):
    ask = ask_of(Model.load(models.save(models.identity(TensorProto.BOOL), tmp_path / "m.onnx")))
    entry = {"name": "x", "datatype": "BOOL", "shape": [1], "parameters": {"binary_data_size": 1}}
    text = json.dumps({"inputs": [entry]}).encode()
    response, answer = ask("/v2/models/m/infer", text + raw, inference_header_content_length=str(len(text)))
    assert (response.status, answer["error"]) == (400, "input x: BOOL takes the bytes 0 and 1")


def test_a_compressed_body_is_refused(ask):
    response, answer = ask(INFER, b"\x1f\x8b", content_encoding="gzip")
    assert (response.status, answer["code"]) == (415, "unsupported_media_type")


class TestLayouts:
    """A header that comes again is not read again."""

    @pytest.fixture(autouse=True)
    def kept(self, monkeypatch):
        monkeypatch.setattr(layouts, "_kept", kept := {})
        return kept

    def test_the_bytes_behind_it_are(self, ask_binary, kept):
        for number in range(3):
            raw = np.array([[number, 0, 1]], "<f4").tobytes()
            answer = ask_binary(*binary(raw, id="7"))[1]
            assert (answer["id"], answer["outputs"][0]["data"]) == ("7", [2 * number, 0, 2])
        assert len(kept) == 1

    def test_as_many_as_it_says(self, ask_binary):
        body, size = binary()
        for sent in (body, body[:-1], body + b"x", body[:size]):
            again = [ask_binary(sent, size) for _ in range(2)]
            assert again[0] == again[1]
            assert again[0][0].status == (200 if sent == body else 400)

    def test_texts_are_read_anew(self, ask_of, tmp_path):
        ask = ask_of(Model.load(models.save(models.identity(TensorProto.STRING), tmp_path / "m.onnx")))
        entry = {"name": "x", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": 10}}
        text = json.dumps({"inputs": [entry]}).encode()
        header = str(len(text))
        for words, status in [((b"a", b"b"), 200), ((b"c", b"d"), 200), ((b"\xff", b"d"), 400), ((b"", b"cd"), 200)]:
            raw = b"".join(struct.pack("<I", len(word)) + word for word in words)
            response, answer = ask("/v2/models/m/infer", text + raw, inference_header_content_length=header)
            assert response.status == status
            if status == 200:
                assert answer["outputs"][0]["data"] == [word.decode() for word in words]

    def test_of_another_model_it_is_another(self, ask_of, bundles):
        ask = ask_of(Model.load(bundles / "twice"), Model.load(bundles / "thrice"))
        body, size = binary()
        for version, factor in (("1", 2), ("2", 3)):
            path = f"/v2/models/scale/versions/{version}/infer"
            answer = ask(path, body, inference_header_content_length=str(size))[1]
            assert answer["outputs"][0]["data"] == [factor, 2 * factor, 3.5 * factor]

    def test_what_is_kept_is_bounded(self, ask_binary, kept, monkeypatch):
        monkeypatch.setattr(layouts, "MOST_KEPT", 3)
        for number in range(10):
            assert ask_binary(*binary(id=str(number)))[0].status == 200
            assert len(kept) <= 3
        before = len(kept)
        assert ask_binary(*binary(id="x" * 2000))[0].status == 200
        assert len(kept) == before
