"""Large bodies mean what small ones mean, whichever reader reads them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto
from support import models
from support.models import VALUES

from modelport_server.inference.model import Model
from modelport_server.wire import body, bulk

LEAVES = st.one_of(
    st.none(), st.booleans(), st.text(max_size=4), st.sampled_from(["[", "]", "\\u005b", '"']),
    st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
CONTENT = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
FLAT = [index / 7 for index in range(600)]


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch):
    monkeypatch.setattr(bulk, "LEAST_BYTES", 0)
    monkeypatch.setattr(bulk, "LEAST_NUMBERS", 3)  # more than a shape has here


def listed(content):
    if isinstance(content, np.ndarray):
        return content.tolist()
    if isinstance(content, list):
        return [listed(item) for item in content]
    return {key: listed(item) for key, item in content.items()} if isinstance(content, dict) else content


def rounded(content, read):
    """The content, with floats for the integers that became part of an array of floats."""
    if isinstance(read, np.ndarray) and isinstance(content, list):
        return [rounded(item, read) for item in content]
    if isinstance(read, np.ndarray):
        return float(content) if read.dtype.kind == "f" and type(content) is int else content
    if isinstance(read, list):
        return [rounded(*pair) for pair in zip(content, read, strict=True)]
    return {key: rounded(content[key], read[key]) for key in read} if isinstance(read, dict) else content


@settings(max_examples=500, deadline=None)
@given(CONTENT)
def test_what_it_reads_is_what_the_text_says(content):
    read = bulk.read(json.dumps(content).encode())
    assert read is None or listed(read) == rounded(content, read)


@pytest.mark.parametrize(
    "text", ["[1,[2],3]", "[1,[],[2,3]]", "[[1,2],[3]]", "[[1],[2,3],[]]", "[[[1]],[2]]", "[[1,[2]],[3,4]]"]
)
def test_lists_that_are_not_rectangular_stay_as_they_are(text):
    read = bulk.read(text.encode())
    assert read is None or listed(read) == json.loads(text)
    assert listed(body.parsed(text.encode())) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "dtype", "shape"),
    [("[1,2,3]", np.int64, (3,)), ("[1,2.5,3]", np.float64, (3,)), ("[[[1,2,3]],[[4,5,6]]]", np.int64, (2, 1, 3))],
)
def test_lists_of_numbers_become_arrays(text, dtype, shape):
    read = bulk.read(text.encode())
    assert (read.dtype, read.shape) == (dtype, shape)


@pytest.mark.parametrize("text", ["{", '{"a":NaN}', "[1e400]", "[1,]", "\x00", '"\\ud800"', "[" * 2000 + "]" * 2000])
def test_what_is_not_json_is_refused_as_ever(text):
    with pytest.raises(Exception, match="the body is not JSON"):
        body.parsed(text.encode())


def test_the_last_of_two_values_of_a_key_counts_as_ever():
    assert body.parsed(b'{"a": [1], "a": [2, 3]}') == {"a": [2, 3]}


@pytest.fixture(params=VALUES)
def echo(request, ask_of, tmp_path):
    """The element type, its datatype and two values, and a server of y = x for it."""
    model = models.save(models.identity(getattr(TensorProto, request.param), ("n", "m")), tmp_path / "m.onnx")
    return *VALUES[request.param], ask_of(Model.load(model))


@pytest.mark.parametrize("nested", [True, False])
def test_every_datatype_comes_back_as_it_went(echo, nested):
    datatype, values, ask = echo
    rows = [values * 2, values[::-1] * 2]
    entry = {"name": "x", "datatype": datatype, "shape": [2, 4], "data": rows if nested else [*rows[0], *rows[1]]}
    response, answer = ask("/v2/models/m/infer", {"inputs": [entry]})
    assert response.status == 200
    assert answer["outputs"][0]["data"] == [*rows[0], *rows[1]]
    for instances in (rows, [{"x": row} for row in rows]):
        assert ask("/v1/models/m:predict", {"instances": instances})[1] == {"predictions": rows}
    assert ask("/score", rows)[1] == {"predictions": rows}


WRONG = [[1, "a"], [1, None], [True, 1], [1, 2.5], [1, 300], [-1, 1], [1, 2**64], [1, 1e300], [1], [1, 2, 3], [1, [2]]]


@pytest.mark.parametrize("data", WRONG, ids=str)
def test_what_does_not_fit_is_said_in_the_same_words(echo, data, monkeypatch):
    datatype, _, ask = echo
    data = [*data, 0, 1]
    asked = {"inputs": [{"name": "x", "datatype": datatype, "shape": [1, 4], "data": data}]}
    requests = [("/v2/models/m/infer", asked), ("/v1/models/m:predict", {"instances": [data]})]
    large = [ask(*request)[1] for request in requests]
    monkeypatch.setattr(bulk, "LEAST_BYTES", 10**9)
    small = [ask(*request)[1] for request in requests]
    for answer in [*large, *small]:
        if "error" in answer:  # of numbers that were mixed, an array knows but one kind
            answer["error"] = answer["error"].replace("holds float, int,", "holds float,")
    assert large == small


def test_a_large_body_is_read_this_way(ask_of, tmp_path, monkeypatch):
    monkeypatch.undo()
    ask = ask_of(Model.load(models.save(models.identity(TensorProto.FLOAT, ("n", "m")), tmp_path / "m.onnx")))
    ask.app.max_body = 10**6
    used = []
    monkeypatch.setattr(bulk, "read", lambda text, read=bulk.read: used.append(read(text)) or used[-1])
    entry = {"name": "x", "datatype": "FP32", "shape": [4, 600], "data": [FLAT] * 4}
    answer = ask("/v2/models/m/infer", {"inputs": [entry]})[1]["outputs"][0]
    assert np.array_equal(np.float32(answer["data"]), np.float32(FLAT * 4))
    assert isinstance(used[0]["inputs"][0]["data"], np.ndarray)
