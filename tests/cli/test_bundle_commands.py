import json

import pytest


@pytest.fixture
def bundle(project, modelport):
    assert modelport("bundle", "build", "models/fraud.onnx", "-o", "bundle").code == 0
    return project / "bundle"


def test_build_says_what_the_model_takes_and_gives(project, modelport):
    answer = modelport("bundle", "build", "models/fraud.onnx", "-o", "bundle", "--name", "fraud", "--version", "7")
    digest = json.loads((project / "bundle" / "bundle.json").read_text())["digest"]
    lines = answer.out.splitlines()
    assert lines[0].startswith(f"fraud 7  {digest}  ")
    assert lines[1:3] == ["  takes  x  FP32[-1, 3]", "  gives  y  FP32[-1, 3]"]
    assert lines[-1] == "next: modelport bundle verify bundle"


def test_the_same_model_has_the_same_digest(project, bundle, modelport):
    again = modelport("bundle", "build", "models/fraud.onnx", "-o", "again", "--json").json
    assert again["digest"] == modelport("bundle", "verify", "bundle", "--json").json["digest"]


def test_a_given_sample_is_the_one_that_is_kept(project, modelport):
    sample = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [4.0, 5.0, 6.0]}]}
    (project / "sample.json").write_text(json.dumps(sample))
    assert modelport("bundle", "build", "models/fraud.onnx", "-o", "bundle", "--sample", "sample.json").code == 0
    assert json.loads((project / "bundle" / "sample.json").read_text())["inputs"] == sample["inputs"]


def test_verify_fails_with_what_differs(bundle, modelport):
    model = bundle / "model" / "model.onnx"
    model.write_bytes(model.read_bytes() + b"\0")
    answer = modelport("bundle", "verify", str(bundle), "--json")
    assert (answer.code, answer.out) == (1, "")
    assert f"model/model.onnx: {model.stat().st_size} bytes, recorded {model.stat().st_size - 1}" in answer.err


def test_a_model_that_cannot_be_served_makes_no_bundle(project, modelport):
    (project / "models" / "fraud.onnx").write_bytes(b"not a model")
    answer = modelport("bundle", "build", "models/fraud.onnx", "-o", "bundle")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("models/fraud.onnx\n  ")
    assert not (project / "bundle").exists()


def test_a_folder_of_other_things_is_not_replaced(project, modelport):
    answer = modelport("bundle", "build", "models/fraud.onnx", "-o", "services")
    assert answer.code == 1
    assert (project / "services" / "fraud.yaml").exists()
