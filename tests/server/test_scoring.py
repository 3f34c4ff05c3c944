"""The path that the clouds score on: what the content type and Accept say."""

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from support import models

from modelport_server.app import Application, PathTaken
from modelport_server.errors import Rejected
from modelport_server.inference.model import Model
from modelport_server.paths import Paths
from modelport_server.wire import scoring, tables

V2 = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2, 3], "data": [1, 2, 3.5, 4, 5, 6]}]}
ROWS = [[1, 2, 3.5], [4, 5, 6]]
CURLS = "application/x-www-form-urlencoded"  # for what it is given with --data
DOUBLED = [[2.0, 4.0, 7.0], [8.0, 10.0, 12.0]]


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.fixture
def table(ask_of, tmp_path):
    """Ask for the identity of columns and a table: age FP32 [n], name BYTES [n, 1], sizes INT64 [n, 2]."""
    columns = [("age", TensorProto.FLOAT, ["n"]), ("name", TensorProto.STRING, ["n", 1])]
    columns.append(("sizes", TensorProto.INT64, ["n", 2]))
    nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name, *_ in columns]
    model = models.make(nodes, columns, [(f"{name}_out", *rest) for name, *rest in columns])
    return ask_of(Model.load(models.save(model, tmp_path / "table.onnx")))


@pytest.mark.parametrize("path", ["/invocations", "/score"])
@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "", "*/*", CURLS])
def test_json_is_a_v2_request_or_instances(ask, path, content_type):
    assert ask(path, V2, content_type=content_type)[1] == ask("/v2/models/scale/infer", V2)[1]
    for body in ({"instances": ROWS}, ROWS):
        assert ask(path, body, content_type=content_type)[1] == {"predictions": DOUBLED}


def test_csv_is_answered_with_csv(ask):
    response, _ = ask("/invocations", b"1,2,3.5\n4,5,6\n", content_type="text/csv")
    assert (response.content_type, response.body) == ("text/csv", b"2.0,4.0,7.0\n8.0,10.0,12.0\n")


@pytest.mark.parametrize("body", [b"1,2,3.5\r\n4,5,6", b"\xef\xbb\xbf1,2,3.5\n\n4,5,6\n\n", b'"1", 2,3.5\n4,5,6'])
def test_csv_has_many_forms(ask, body):
    assert ask("/invocations", body, content_type="text/csv", accept="application/json")[1] == {"predictions": DOUBLED}


def test_the_columns_of_several_inputs_stand_side_by_side(table):
    body = '30,"a, ""b""",1,2\n40.5,ü,3,4\n'.encode()
    response, _ = table("/invocations", body, content_type="text/csv")
    assert response.body == '30.0,"a, ""b""",1,2\n40.5,ü,3,4\n'.encode()


def test_truths_are_columns_too(ask_of, tmp_path):
    ask = ask_of(Model.load(models.save(models.identity(TensorProto.BOOL), tmp_path / "m.onnx")))
    assert ask("/score", b"true\n0\nFALSE\n1\n", content_type="text/csv")[0].body == b"true\nfalse\nfalse\ntrue\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body has no rows"),
        (b"\n\n", "the body has no rows"),
        (b"a,b,c\n1,2,3", "row 1: 'a' is no FP32; send no header"),
        (b"1,2,3\n4,x,6", "row 2: 'x' is no FP32"),
        (b"1,2,", "row 1: '' is no FP32"),
        (b"1,2\n", "row 1 has 2 columns, the model takes 3"),
        (b"1,2,3\n4,5\n", "row 2 has 2 columns, the model takes 3"),
        (b'1,2,"3', "the body is not CSV in UTF-8"),
        (b"\xff,2,3", "the body is not CSV in UTF-8"),
        (b"nan,2,3", "beyond FP32"),
        (b"1e39,2,3", "beyond FP32"),
    ],
)
def test_csv_that_does_not_fit_is_answered_with_what_is_wrong(ask, body, message):
    response, answer = ask("/invocations", body, content_type="text/csv", method="POST")
    assert response.status == 400
    assert message in answer["error"]


def test_a_model_of_more_than_tables_takes_no_csv(ask_of, tmp_path):
    model = models.identity(TensorProto.FLOAT, ("n", 2, 2))
    ask = ask_of(Model.load(models.save(model, tmp_path / "m.onnx")))
    assert "which is no column or table" in ask("/score", b"1,2,3,4", content_type="text/csv")[1]["error"]
    response, answer = ask("/score", {"instances": [[[1, 2], [3, 4]]]}, accept="text/csv")
    assert (response.status, "is no table of 1 rows" in answer["error"]) == (406, True)


def test_lines_are_instances_and_predictions(ask, table):
    response, _ = ask("/invocations", b'[1,2,3.5]\n{"x": [4,5,6]}\n', content_type="application/jsonlines")
    assert response.status == 400  # an instance has a name, or all have none
    response, _ = ask("/invocations", b"[1,2,3.5]\n\n[4,5,6]", content_type="application/x-ndjson")
    assert (response.content_type, response.body) == ("application/jsonlines", b"[2.0,4.0,7.0]\n[8.0,10.0,12.0]\n")
    line = b'{"age":1,"name":"a","sizes":[1,2]}'
    response, _ = table("/invocations", line, content_type="application/jsonlines")
    assert response.body == b'{"age_out":1.0,"name_out":["a"],"sizes_out":[1,2]}\n'


def test_a_line_that_is_no_json_is_named(ask):
    answer = ask("/invocations", b"[1,2,3]\n[1,", content_type="application/jsonlines")[1]
    assert answer["error"].startswith("line 2 is not JSON")


@pytest.mark.parametrize(
    "array",
    [
        np.array(ROWS, "f4"), np.array(ROWS, "f8"), np.array(ROWS, ">f4"), np.asfortranarray(np.array(ROWS, "f4")),
        np.array(ROWS, "f2"),
    ],
)  # fmt: skip
def test_an_array_is_answered_with_an_array(ask, array):
    response, _ = ask("/invocations", npy(array), content_type="application/x-npy")
    answer = np.load(io.BytesIO(response.body))
    assert (response.content_type, answer.tolist(), answer.dtype) == ("application/x-npy", DOUBLED, np.float32)


def test_numbers_become_others_where_no_value_is_lost(ask_of, tmp_path):
    ask = ask_of(Model.load(models.save(models.identity(TensorProto.INT32), tmp_path / "m.onnx")))
    response, _ = ask("/score", npy(np.array([-5, 5])), content_type="application/x-npy")
    assert np.load(io.BytesIO(response.body)).tolist() == [-5, 5]
    for wrong in (np.array([2**31]), np.array([1.5]), np.array(["1"]), np.array([1], "M8[s]")):
        assert ask("/score", npy(wrong), content_type="application/x-npy")[0].status == 400


def test_texts_are_arrays_too(ask_of, tmp_path):
    ask = ask_of(Model.load(models.save(models.identity(TensorProto.STRING), tmp_path / "m.onnx")))
    for array in (np.array(["é", "b"]), np.array(["é".encode(), b"b"])):
        response, _ = ask("/score", npy(array), content_type="application/x-npy")
        assert np.load(io.BytesIO(response.body)).tolist() == ["é", "b"]


def header(text):
    raw = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not NPY"),
        (b"\x93NUMPY\x09\x00", "the body is not NPY"),
        (npy(np.array(ROWS, "f4"))[:-1], "23 bytes of values for float32 of shape [2, 3]"),
        (npy(np.array(ROWS, "f4")) + b"1", "25 bytes of values"),
        (npy(np.ones((1, 4), "f4")), "shape [1, 4], the model takes [-1, 3]"),
        (npy(np.array([[1e300, 2, 3]])), "beyond FP32"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 3), }"), "0 bytes of values"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }"), "0 bytes of values"),
        (header("{'descr': '|O', 'fortran_order': False, 'shape': (1, 3), }"), "nothing that a model takes"),
        (header("{'descr': '|S0', 'fortran_order': False, 'shape': (9999999, 3), }"), "nothing that a model takes"),
        (header("[" * 100), "the body is not NPY"),
        (header("{'descr': __import__('os').getcwd(), }"), "the body is not NPY"),
    ],
)
def test_an_array_that_does_not_fit_is_answered_with_what_is_wrong(ask, body, message):
    response, answer = ask("/invocations", body, content_type="application/x-npy", method="POST")
    assert response.status == 400
    assert message in answer["error"]


def test_one_array_is_not_for_several_inputs_or_outputs(table):
    assert "NPY holds one array" in table("/score", npy(np.ones(3)), content_type="application/x-npy")[1]["error"]
    response, answer = table("/score", b"1,a,1,2", content_type="text/csv", accept="application/x-npy")
    assert (response.status, "NPY holds one array" in answer["error"]) == (406, True)


@pytest.mark.parametrize("kind", scoring.BINARY)
def test_a_binary_v2_request_comes_through_the_clouds(ask, kind):
    entry = {"name": "x", "datatype": "FP32", "shape": [1, 3], "parameters": {"binary_data_size": 12}}
    text = json.dumps({"inputs": [entry], "parameters": {"binary_data_output": True}}).encode()
    body = text + np.array([1, 2, 3.5], "<f4").tobytes()

    response, _ = ask("/invocations", body, content_type=f"{kind};json-header-size={len(text)}")

    name, _, size = response.content_type.partition(";json-header-size=")
    assert name == kind
    assert json.loads(response.body[: int(size)])["outputs"][0]["parameters"] == {"binary_data_size": 12}
    assert np.frombuffer(response.body[int(size) :], "<f4").tolist() == [2.0, 4.0, 7.0]


@pytest.mark.parametrize("parameters", ["", ";json-header-size=", ";json-header-size=-1", ";json-header-size=x"])
def test_a_binary_request_says_where_its_json_ends(ask, parameters):
    response, answer = ask("/invocations", V2, content_type=scoring.BINARY[0] + parameters)
    assert (response.status, "json-header-size=BYTES" in answer["error"]) == (400, True)


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", "text/csv"), ("*/*", "text/csv"), ("text/csv", "text/csv"), ("application/json", "application/json"),
        ("text/html, application/json;q=0.9", "application/json"), ("application/jsonlines", "application/jsonlines"),
        ("application/x-npy", "application/x-npy"), ("image/png, */*;q=0.1", "text/csv"),
    ],
)  # fmt: skip
def test_accept_chooses_the_form_of_the_answer(ask, accept, answered):
    response, _ = ask("/invocations", b"1,2,3", content_type="text/csv", accept=accept)
    assert (response.status, response.content_type) == (200, answered)


@pytest.mark.parametrize(
    ("given", "accept", "status"),
    [("text/html", "", 415), ("application/json", "text/html", 406), ("application/json", scoring.BINARY[0], 406)],
)
def test_a_form_that_there_is_not_is_refused_with_those_there_are(ask, given, accept, status):
    response, answer = ask("/invocations", {"instances": ROWS}, content_type=given, accept=accept)
    assert response.status == status
    assert "application/json" in answer["error"] or "answers a V2 request" in answer["error"]


def test_bytes_are_not_hidden_in_json(ask):
    response, answer = ask("/invocations", {**V2, "parameters": {"binary_data_output": True}})
    assert (response.status, "tensors as bytes were asked for" in answer["error"]) == (406, True)


def test_custom_attributes_come_back(ask):
    sent = ask("/invocations", V2, **{"x-amzn-sagemaker-custom-attributes": "trace=7 ü"})[0]
    assert sent.headers == ()  # SageMaker lets visible ASCII pass
    sent = ask("/invocations", V2, **{"x-amzn-sagemaker-custom-attributes": "trace=7"})[0]
    assert sent.headers == ((b"x-amzn-sagemaker-custom-attributes", b"trace=7"),)


def test_batch_transform_is_told_how_to_call(ask_of, bundles):
    ask = ask_of(Model.load(bundles / "twice"))
    ask.app.max_body = 6_291_456
    answer = ask("/execution-parameters")[1]
    assert (answer["BatchStrategy"], answer["MaxPayloadInMB"]) == ("MULTI_RECORD", 6)
    assert answer["MaxConcurrentTransforms"] >= 1


def test_several_models_cannot_be_meant_by_one_path(ask_of, bundles):
    ask = ask_of(Model.load(bundles / "twice"), Model.load(bundles / "slow"))
    response, answer = ask("/invocations", V2)
    assert (response.status, answer["error"][:41]) == (400, "this server has several models (scale, sl")


def test_a_path_cannot_mean_two_things():
    with pytest.raises(PathTaken, match="/ping is ping here and cannot be score too"):
        Application(1, Paths(score=("/ping",)))
    Application(1, Paths(score=("/invocations",), live=("/v2/health/live",), ready=("/healthz",)))


@pytest.fixture(scope="module")
def bundle(bundles):
    return Model.load(bundles / "twice").bundle


@given(st.binary(max_size=300), st.sampled_from(["", scoring.JSON, *scoring.DECODERS, *scoring.BINARY, "x"]))
def test_no_body_is_more_than_the_callers_fault(bundle, body, content_type):
    try:
        scoring.decode(body, content_type, "", bundle)
    except Rejected as rejection:
        assert rejection.fault.status in (400, 415)


@given(st.text(alphabet="0123456789.,-e\n\"' ", max_size=60))
def test_no_table_is_more_than_the_callers_fault(bundle, text):
    try:
        tables.decode_csv(text.encode(), bundle)
    except Rejected as rejection:
        assert rejection.fault.status == 400


@given(st.binary(max_size=200))
def test_no_array_is_more_than_the_callers_fault(bundle, tail):
    try:
        tables.decode_npy(b"\x93NUMPY\x01\x00" + tail, bundle)
    except Rejected as rejection:
        assert rejection.fault.status == 400
