import json
import re

import pytest
from onnx import TensorProto
from support import models
from support.models import VALUES

from modelport_server.health import Health
from modelport_server.inference.model import Model

INFER = "/v2/models/scale/infer"


def request(data=(1, 2, 3), shape=(1, 3), datatype="FP32", **more):
    return {"inputs": [{"name": "x", "datatype": datatype, "shape": list(shape), "data": data}], **more}


def test_a_model_answers_in_the_protocols_shape(ask):
    response, answer = ask(INFER, request([1, 2, 3.5]))
    assert response.status == 200
    assert answer == {
        "model_name": "scale",
        "model_version": "1",
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 3], "data": [2.0, 4.0, 7.0]}],
    }


def test_nested_and_flat_data_mean_the_same(ask):
    nested, flat = [[1, 2, 3], [4, 5, 6]], [1, 2, 3, 4, 5, 6]
    assert ask(INFER, request(nested, (2, 3))) == ask(INFER, request(flat, (2, 3)))


def test_an_empty_batch_has_an_empty_answer(ask):
    assert ask(INFER, request([], (0, 3)))[1]["outputs"][0]["shape"] == [0, 3]


def test_a_shape_beyond_all_memory_is_the_callers_fault(ask_of, tmp_path):
    ask = ask_of(Model.load(models.save(models.identity(TensorProto.FLOAT, ("n", "m")), tmp_path / "m.onnx")))
    for size in (2**62, 10**30):
        assert ask("/v2/models/m/infer", request([], (0, size)))[0].status == 400


def test_the_id_comes_back(ask):
    assert ask(INFER, request(id="42"))[1]["id"] == "42"


def test_a_version_can_be_named(ask):
    assert ask("/v2/models/scale/versions/1/infer", request())[0].status == 200
    response, answer = ask("/v2/models/scale/versions/9/infer", request())
    assert (response.status, answer["error"]) == (404, "no version 9 of scale: this server has 1")


@pytest.fixture
def echo(ask_of, tmp_path):
    return ask_of(Model.load(models.save(models.echo(), tmp_path / "echo.onnx")))


def everything(**replaced):
    values = {**VALUES, **replaced}
    entries = [(f"in_{name}", datatype, data) for name, (datatype, data) in values.items()]
    return {"inputs": [{"name": name, "datatype": kind, "shape": [2], "data": data} for name, kind, data in entries]}


def test_every_datatype_survives_the_way_in_and_out(echo):
    _, answer = echo("/v2/models/echo/infer", everything())
    given = {output["name"].removeprefix("out_"): (output["datatype"], output["data"]) for output in answer["outputs"]}
    assert given == VALUES


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("INT8", [128, 0]), ("UINT8", [-1, 0]), ("INT32", [2**31, 0]), ("INT64", [2**63, 0]), ("UINT64", [2**64, 0]),
        ("FLOAT", [1e39, 0]), ("FLOAT16", [1e5, 0]), ("FLOAT", [None, 0]), ("FLOAT", [True, 0]), ("FLOAT", ["1", 0]),
        ("INT32", [1.0, 0]), ("BOOL", [1, 0]), ("BOOL", ["true", False]), ("STRING", [1, "a"]), ("STRING", [None, "a"]),
    ],
)  # fmt: skip
def test_a_value_that_its_datatype_cannot_hold_is_the_callers_fault(echo, name, data):
    response, answer = echo("/v2/models/echo/infer", everything(**{name: (VALUES[name][0], data)}))
    assert response.status == 400
    assert answer["error"].startswith(f"input in_{name}: data holds")


def test_only_the_outputs_asked_for_come_back_in_that_order(echo):
    wanted = ["out_STRING", "out_FLOAT"]
    _, answer = echo("/v2/models/echo/infer", {**everything(), "outputs": [{"name": name} for name in wanted]})
    assert [output["name"] for output in answer["outputs"]] == wanted


def without(key):
    return lambda content: content["inputs"][0].pop(key)


def put(key, value):
    return lambda content: content["inputs"][0].update({key: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.clear(), "inputs must be a list"),
        (lambda content: content.update(inputs={}), "inputs must be a list"),
        (lambda content: content.update(inputs=[]), "missing input x"),
        (lambda content: content.update(inputs=[1]), "inputs must be a list of objects with a name"),
        (lambda content: content["inputs"].append(content["inputs"][0]), "names a tensor twice"),
        (lambda content: content["inputs"].append({"name": "z"}), "unknown input z: the model takes x"),
        (lambda content: content.update(outputs=[{"name": "z"}]), "unknown output z: the model gives y"),
        (lambda content: content.update(outputs="y"), "outputs must be a list"),
        (lambda content: content.update(id=7), "id must be a string"),
        (without("name"), "a list of objects with a name"),
        (without("datatype"), "input x: datatype None, the model takes FP32"),
        (put("datatype", "INT64"), "input x: datatype 'INT64', the model takes FP32"),
        (put("datatype", ["FP32"]), "the model takes FP32"),
        (without("shape"), "input x: shape must be a list of sizes"),
        (put("shape", [3]), r"input x: shape \[3\], the model takes \[-1, 3\]"),
        (put("shape", [1, 4]), r"input x: shape \[1, 4\], the model takes \[-1, 3\]"),
        (put("shape", [-1, 3]), "shape must be a list of sizes"),
        (put("shape", [1.0, 3]), "shape must be a list of sizes"),
        (put("shape", [True, 3]), "shape must be a list of sizes"),
        (put("shape", [10**18, 3]), "3 values for shape"),
        (without("data"), "input x: data must be a list"),
        (put("data", 1), "input x: data must be a list"),
        (put("data", [1, 2]), r"input x: 2 values for shape \[1, 3\]"),
        (put("data", [[1, 2], [3]]), "nested differently"),
        (put("data", [[1, [2], 3]]), "data holds list"),
        (put("data", [[[1, 2, 3]]]), "data holds list|nested differently"),
        (put("data", [{}, 1, 2]), "data holds dict"),
        (put("parameters", {"binary_data_size": 12}), "binary_data_size is 12, and only 0 bytes are left"),
        (put("parameters", 3), "x: parameters must be an object"),
        (lambda content: content.update(parameters={"binary_data_output": 1}), "binary_data_output must be true or"),
    ],
)
def test_a_request_that_does_not_fit_is_answered_with_what_is_wrong(ask, change, message):
    content = request()
    change(content)
    response, answer = ask(INFER, content)
    assert response.status == 400
    assert re.search(message, answer["error"])


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"null", b"\xff\xfe", b'{"inputs": [NaN]}', json.dumps(request()).encode() + b"\0\0"]
)
def test_a_body_that_is_no_json_object_is_the_callers_fault(ask, body):
    response, answer = ask(INFER, body, method="POST")
    assert response.status == 400
    assert answer["error"].startswith("the body is not")


def test_values_on_which_the_model_itself_fails_are_the_callers_fault(ask_of, tmp_path):
    ask = ask_of(Model.load(models.save(models.lookup(), tmp_path / "lookup.onnx")))
    content = {"inputs": [{"name": "x", "datatype": "INT64", "shape": [1], "data": [99]}]}
    response, answer = ask("/v2/models/lookup/infer", content)
    assert response.status == 400
    assert "the model cannot run on this input" in answer["error"]


def test_what_is_not_finite_comes_back_as_null(ask_of, tmp_path):
    ask = ask_of(Model.load(models.save(models.logarithm(), tmp_path / "log.onnx")))
    content = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [3], "data": [0, -1, 1]}]}
    assert ask("/v2/models/log/infer", content)[1]["outputs"][0]["data"] == [None, None, 0.0]


def test_the_server_and_the_model_describe_themselves(ask):
    assert ask("/v2")[1]["extensions"] == ["binary_tensor_data"]
    assert ask("/v2/models/scale")[1] == {
        "name": "scale",
        "versions": ["1"],
        "platform": "onnx_onnxv1",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 3]}],
    }


@pytest.mark.parametrize(("health", "status", "ready"), [(Health.READY, 200, True), (Health.DRAINING, 503, False)])
def test_a_server_is_ready_until_it_drains_and_live_throughout(ask, health, status, ready):
    ask.app.health = health
    assert ask("/v2/health/live")[1] == {"live": True}
    for path, answer in [("/v2/health/ready", {}), ("/v2/models/scale/ready", {"name": "scale"})]:
        response, content = ask(path)
        assert (response.status, content) == (status, {**answer, "ready": ready})
    assert ask(INFER, request())[0].status == 200


def test_a_starting_server_is_live_and_says_that_it_is_starting(ask_of):
    ask = ask_of()
    assert ask("/v2/health/live")[0].status == 200
    for path, body in [("/v2/health/ready", None), ("/v2/models/scale", None), (INFER, request()), ("/ping", None)]:
        assert ask(path, body)[0].status == 503
    assert "starting" in ask(INFER, request())[1]["error"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404), ("/v2/", "GET", 404), ("/v2/models", "GET", 404), ("/v2/models/other", "GET", 404),
        ("/v2/models/scale/explain", "POST", 404), ("/v2/models/other/infer", "POST", 404),
        (INFER, "GET", 405), ("/v2", "POST", 405), ("/v2/models/scale", "DELETE", 405), ("/ping", "PUT", 405),
    ],
)  # fmt: skip
def test_a_wrong_path_or_method_is_said_in_json(ask, path, method, status):
    response, answer = ask(path, method=method)
    assert response.status == status
    assert answer["code"] == {404: "not_found", 405: "method_not_allowed"}[status]
    assert [name for name, _ in response.headers] == [b"allow"] * (status == 405)


def test_a_body_over_the_limit_is_refused(ask):
    response, answer = ask(INFER, request(list(range(9_000)), (3_000, 3)))
    assert (response.status, answer["error"]) == (413, "the body has more than 10000 bytes")
