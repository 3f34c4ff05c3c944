"""Instances and predictions: KServe V1 and Vertex AI."""

import base64

import pytest
from onnx import TensorProto, helper
from support import models

from modelport_server.health import Health
from modelport_server.inference.model import Model
from modelport_server.paths import Paths

PREDICT = "/v1/models/scale:predict"


@pytest.fixture
def ask_one(ask_of, tmp_path):
    """Ask for the identity of an input of an element type and shape, called m."""

    def ask_one(element, shape, content):
        ask = ask_of(Model.load(models.save(models.identity(element, shape), tmp_path / "m.onnx")))
        return ask("/v1/models/m:predict", content)

    return ask_one


@pytest.fixture
def person(ask_of, tmp_path):
    """Ask a model with two inputs: a column `age` of numbers, a text `name`, both given back."""
    nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in ("age", "name")]
    kinds = [("age", TensorProto.FLOAT, ["n", 1]), ("name", TensorProto.STRING, ["n"])]
    model = models.make(nodes, kinds, [(f"{name}_out", *rest) for name, *rest in kinds])
    return ask_of(Model.load(models.save(model, tmp_path / "person.onnx")))


def test_each_instance_has_its_prediction(ask):
    response, answer = ask(PREDICT, {"instances": [[1, 2, 3.5], [4, 5, 6]]})
    assert (response.status, answer) == (200, {"predictions": [[2.0, 4.0, 7.0], [8.0, 10.0, 12.0]]})


def test_the_only_input_may_be_named(ask):
    assert ask(PREDICT, {"instances": [{"x": [1, 2, 3]}]})[1] == {"predictions": [[2.0, 4.0, 6.0]]}


def test_several_inputs_are_named_and_so_are_several_outputs(person):
    instances = [{"age": [30], "name": "a"}, {"name": "ü", "age": [40.5]}]
    answer = person("/v1/models/person:predict", {"instances": instances})[1]
    assert answer == {"predictions": [{"age_out": [30.0], "name_out": "a"}, {"age_out": [40.5], "name_out": "ü"}]}


def test_a_column_takes_bare_values(person):
    answer = person("/v1/models/person:predict", {"instances": [{"age": 30, "name": "a"}]})[1]
    assert answer == {"predictions": [{"age_out": [30.0], "name_out": "a"}]}


@pytest.mark.parametrize("element", [name for name in models.VALUES if name != "STRING"])
def test_numbers_of_every_type_are_part_of_a_prediction(ask_of, tmp_path, element):
    nodes = [helper.make_node("Identity", ["x"], [name]) for name in ("one", "other")]
    kind = TensorProto.DataType.Value(element), ["n"]
    model = models.make(nodes, [("x", *kind)], [("one", *kind), ("other", *kind)])
    ask = ask_of(Model.load(models.save(model, tmp_path / "m.onnx")))
    values = models.VALUES[element][1]
    answer = ask("/v1/models/m:predict", {"instances": values})[1]
    assert answer == {"predictions": [{"one": value, "other": value} for value in values]}


def test_outputs_can_be_chosen(person):
    content = {"instances": [{"age": 30, "name": "a"}], "parameters": {"outputs": ["name_out"]}}
    assert person("/v1/models/person:predict", content)[1] == {"predictions": ["a"]}


def test_scalars_matrices_and_truths_are_instances_too(ask_one):
    assert ask_one(TensorProto.INT64, ["n"], {"instances": [1, 2]})[1] == {"predictions": [1, 2]}
    assert ask_one(TensorProto.BOOL, ["n"], {"instances": [True, False]})[1] == {"predictions": [True, False]}
    matrix = [[[1.0, 2.0], [3.0, 4.0]]]
    assert ask_one(TensorProto.FLOAT, ["n", 2, "m"], {"instances": matrix})[1] == {"predictions": matrix}


def test_a_text_may_be_base64(ask_one):
    wrapped = {"b64": base64.b64encode("é".encode()).decode()}
    assert ask_one(TensorProto.STRING, ["n"], {"instances": [wrapped, "b"]})[1] == {"predictions": ["é", "b"]}
    assert ask_one(TensorProto.STRING, ["n", 2], {"instances": [[wrapped, "b"]]})[1] == {"predictions": [["é", "b"]]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "the body is not a JSON object"),
        ({}, "instances must be a list of at least one instance"),
        ({"instances": []}, "instances must be a list of at least one instance"),
        ({"instances": {"x": 1}}, "instances must be a list"),
        ({"instances": [[1, 2]]}, "shape [1, 2], the model takes [-1, 3]"),
        ({"instances": [[1, 2, 3], [1, 2]]}, "nested differently"),
        ({"instances": [[1, 2, 3], 4]}, "nested differently"),
        ({"instances": [1]}, "an instance must be nested 1 deep"),
        ({"instances": [[[1, 2, 3]]]}, "shape [1, 1], the model takes [-1, 3]"),
        ({"instances": [[[1], [2], [3]]]}, "data holds list"),
        ({"instances": [[1, 2, "3"]]}, "data holds str"),
        ({"instances": [[1, 2, None]]}, "data holds null"),
        ({"instances": [{"x": [1, 2, 3]}, [1, 2, 3]]}, "instance 1 is not an object as the others are"),
        ({"instances": [{"z": [1, 2, 3]}]}, "unknown input z: the model takes x"),
        ({"instances": [{}]}, "missing input x"),
        ({"instances": [[1, 2, 3]], "parameters": {"top_k": 1}}, "unknown parameter top_k: there is outputs"),
        ({"instances": [[1, 2, 3]], "parameters": {"outputs": ["z"]}}, "unknown output z"),
        ({"instances": [[1, 2, 3]], "parameters": {"outputs": "y"}}, "outputs must be a list of names"),
        ({"instances": [[1, 2, 3]], "parameters": [1]}, "parameters must be an object"),
    ],
)
def test_what_does_not_fit_is_answered_with_what_is_wrong(ask, content, message):
    response, answer = ask(PREDICT, content)
    assert response.status == 400
    assert message in answer["error"]


@pytest.mark.parametrize("text", ["?", "/w==", 1, None, ["YQ=="], "é"])
def test_base64_that_holds_no_text_is_the_callers_fault(ask_one, text):
    assert ask_one(TensorProto.STRING, ["n"], {"instances": [{"b64": text}]})[0].status == 400


def test_deep_nesting_is_the_callers_fault(ask_one):
    deep = b'{"instances": [' + b"[" * 900 + b"]" * 900 + b"]}"
    assert ask_one(TensorProto.STRING, ["n", "m"], deep)[0].status == 400
    assert ask_one(TensorProto.STRING, ["n", "m"], b"[" * 100_000)[0].status in (400, 413)


def test_a_model_without_batches_says_so(ask_one):
    response, answer = ask_one(TensorProto.FLOAT, [], {"instances": [1]})
    assert (response.status, "use the V2 protocol" in answer["error"]) == (400, True)
    response, answer = ask_one(TensorProto.FLOAT, [2], {"instances": [1]})
    assert answer["error"].startswith("input x: it takes [2], not 1 instances")


def test_an_output_without_a_row_for_each_instance_says_so(ask_of, tmp_path):
    node = helper.make_node("Shape", ["x"], ["y"])
    model = models.make([node], [("x", TensorProto.FLOAT, ["n", 3])], [("y", TensorProto.INT64, [2])])
    ask = ask_of(Model.load(models.save(model, tmp_path / "shape.onnx")))
    response, answer = ask("/v1/models/shape:predict", {"instances": [[1, 2, 3]]})
    assert (response.status, answer["code"]) == (406, "not_acceptable")


def test_v1_tells_of_its_models(ask):
    assert ask("/v1/models")[1] == {"models": ["scale"]}
    assert ask("/v1/models/scale")[1] == {"name": "scale", "ready": True}
    assert ask("/v1/models/other")[0].status == 404
    assert ask("/v1/models/scale:explain", {})[0].status == 404
    ask.app.health = Health.DRAINING
    assert ask("/v1/models/scale")[0].status == 503


class TestVertex:
    @pytest.fixture
    def ask(self, ask_of, bundles):
        paths = Paths(score=("/v1/endpoints/1/deployedModels/2:predict",), ready=("/v1/endpoints/1/deployedModels/2",))
        return ask_of(Model.load(bundles / "twice"), paths=paths)

    def test_its_paths_predict_and_tell_the_health(self, ask):
        assert ask("/v1/endpoints/1/deployedModels/2")[0].status == 200
        content = {"instances": [[1, 2, 3]], "parameters": {"outputs": ["y"]}}
        answer = ask("/v1/endpoints/1/deployedModels/2:predict", content)[1]
        assert answer == {"predictions": [[2.0, 4.0, 6.0]]}

    def test_a_raw_prediction_reaches_the_v2_paths(self, ask):
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]}
        predict = "/v1/endpoints/1/deployedModels/2:predict"
        redirect = {"x_vertex_ai_triton_redirect": "v2/models/scale/infer"}
        assert ask(predict, body, **redirect)[1] == ask("/v2/models/scale/infer", body)[1]
        assert ask(predict, b"", method="POST", x_vertex_ai_triton_redirect="v2/models/scale")[1]["name"] == "scale"
        assert ask(predict, b"", method="POST", x_vertex_ai_triton_redirect="metrics")[0].status == 200
        for path in ("invocations", "/v2", "v1/models", "v2/../metrics", "v2/repository/index"):
            assert ask(predict, b"", method="POST", x_vertex_ai_triton_redirect=path)[0].status == 404
