import json
import os
import shutil
from pathlib import Path

import pytest
from onnx import TensorProto, helper
from support import models

from modelport.bundle import BundleError, build
from modelport_server.bundle import load, verify

DIGITS = Path(__file__).parents[2] / "stacks" / "models" / "digits.onnx"


def test_a_bundle_holds_the_contract_of_its_model(doubling, tmp_path):
    bundle = build(doubling, tmp_path / "out", version="2026.11.1")
    assert (bundle.name, bundle.version, bundle.precision) == ("doubling", "2026.11.1", "fp32")
    assert [(tensor.name, tensor.datatype, tensor.shape) for tensor in bundle.inputs] == [("x", "FP32", (-1, 3))]
    assert bundle.opsets == {"ai.onnx": 17}
    assert load(tmp_path / "out") == bundle == verify(tmp_path / "out")


def test_the_same_model_has_the_same_digest_on_every_machine(tmp_path):
    copy = shutil.copyfile(DIGITS, tmp_path / "digits.onnx")
    os.utime(copy, (1, 1))
    golden = "sha256:be1400e1c74f2923fad7934a44e2ca4546b48b3069bd2292d60a519900fac47d"
    assert build(DIGITS, tmp_path / "a").digest == golden
    assert build(copy, tmp_path / "b").digest == golden


def test_the_digest_follows_the_weights_and_the_declared_name_but_not_the_sample(doubling, tmp_path):
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps(request([[1, 2, 3]])))
    tripling = models.save(models.scaling(3.0), tmp_path / "doubling.onnx.new").rename(tmp_path / "other.onnx")
    plain = build(doubling, tmp_path / "a").digest
    assert build(doubling, tmp_path / "b", sample=sample).digest == plain
    assert build(tripling, tmp_path / "c", name="doubling").digest != plain
    assert build(doubling, tmp_path / "d", name="twice").digest != plain


def test_a_generated_sample_says_so_and_its_answer_is_recorded(doubling, tmp_path):
    bundle = build(doubling, tmp_path / "out")
    assert bundle.sample()["parameters"]["origin"] == "generated"
    asked, answered = bundle.sample()["inputs"][0], bundle.expected()["outputs"][0]
    assert asked["shape"] == answered["shape"] == [1, 3]
    assert answered["data"] == [2 * value for value in asked["data"]]


def test_a_given_sample_says_so_and_its_answer_is_recorded(doubling, tmp_path):
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps(request([[1, 2, 3], [4, 5, 6]])))
    bundle = build(doubling, tmp_path / "out", sample=sample)
    assert bundle.sample()["parameters"]["origin"] == "given"
    assert bundle.expected()["outputs"][0]["data"] == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]


@pytest.mark.parametrize("element", ["STRING", "BOOL", "FLOAT16", "DOUBLE", "INT8", "UINT64", "INT32"])
def test_every_element_type_that_json_carries_gets_a_sample(element, tmp_path):
    model = models.save(models.identity(TensorProto.DataType.Value(element), ("n", 2)), tmp_path / "m.onnx")
    bundle = build(model, tmp_path / "out")
    assert bundle.expected()["outputs"][0]["data"] == bundle.sample()["inputs"][0]["data"]


def test_external_data_travels_with_the_model(tmp_path):
    bundle = build(models.with_external_data(tmp_path), tmp_path / "out")
    assert [file.path for file in bundle.files] == ["model/model.onnx", "model/weights.bin"]
    assert verify(tmp_path / "out").expected()["outputs"][0]["data"] == [0.0625, 1.125, 2.1875]


def test_building_twice_replaces_the_bundle(doubling, tmp_path):
    build(doubling, tmp_path / "out", version="1")
    assert build(doubling, tmp_path / "out", version="2").version == verify(tmp_path / "out").version == "2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["doubling.onnx", "out"]


def test_what_is_not_a_bundle_is_not_overwritten(doubling, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="exists and is not a bundle"):
        build(doubling, tmp_path / "out")
    assert (tmp_path / "out" / "thesis.txt").read_text() == "years of work"


def test_a_failed_build_leaves_nothing_behind(doubling, tmp_path):
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps(request([[1, 2]])))
    with pytest.raises(BundleError, match="does not accept the sample"):
        build(doubling, tmp_path / "out", sample=sample)
    assert not (tmp_path / "out").exists()


def broken(content):
    return lambda path: path.write_bytes(content(path.read_bytes()))


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param(broken(lambda content: content[: len(content) // 2]), "cut short|not an ONNX", id="truncated"),
        pytest.param(broken(lambda content: b"\x89PNG\r\n\x1a\n" * 50), "not an ONNX model", id="a picture"),
        pytest.param(broken(lambda content: b'{"a": 1}\n'), "not an ONNX model", id="json"),
        pytest.param(broken(lambda content: b""), "empty file", id="empty"),
        pytest.param(lambda path: (path.unlink(), path.mkdir()), "cannot be read", id="a folder"),
        pytest.param(lambda path: path.unlink(), "cannot be read: No such file", id="missing"),
        pytest.param(lambda path: models.save(models.doubling(opset=99), path), "opset 99", id="opset"),
        pytest.param(lambda path: models.save(models.doubling(ir_version=99), path), "IR version 99", id="ir"),
        pytest.param(lambda path: models.save(unknown_operator(), path), "onnxruntime.*Frobnicate", id="operator"),
        pytest.param(lambda path: models.save(models.with_sequence_input(), path), "x is of type sequence", id="type"),
        pytest.param(lambda path: models.save(models.identity(TensorProto.COMPLEX64), path), "COMPLEX64", id="complex"),
    ],
)
def test_a_file_that_cannot_be_served_is_refused_with_the_reason(doubling, tmp_path, damage, problem):
    damage(doubling)
    with pytest.raises(BundleError, match=f"(?s){problem}") as refusal:
        build(doubling, tmp_path / "out")
    assert str(refusal.value).startswith(f"{doubling}\n")
    assert not (tmp_path / "out").exists()


def test_missing_external_data_is_named(tmp_path):
    model = models.with_external_data(tmp_path)
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(BundleError, match=r"external data 'weights.bin' is missing"):
        build(model, tmp_path / "out")


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "link.bin", ""])
def test_external_data_outside_the_models_folder_is_refused(tmp_path, location):
    (tmp_path / "weights.bin").write_bytes(bytes(12))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.bin").symlink_to(tmp_path / "weights.bin")
    with pytest.raises(BundleError, match="outside the model's folder"):
        build(models.with_external_data(tmp_path / "in", location), tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "problem"),
    [("{", "not JSON"), ("[]", "not a V2 infer request"), ('{"inputs": []}', "missing input x")],
)
def test_a_sample_that_is_no_request_is_refused(doubling, tmp_path, content, problem):
    sample = tmp_path / "sample.json"
    sample.write_text(content)
    with pytest.raises(BundleError, match=problem):
        build(doubling, tmp_path / "out", sample=sample)


def test_a_name_that_does_not_fit_a_url_is_refused(doubling, tmp_path):
    with pytest.raises(BundleError, match="name 'a/b'"):
        build(doubling, tmp_path / "out", name="a/b")


def request(rows):
    shape = [len(rows), len(rows[0])]
    return {"inputs": [{"name": "x", "datatype": "FP32", "shape": shape, "data": rows}]}


def unknown_operator():
    node = helper.make_node("Frobnicate", ["x"], ["y"], domain="com.example")
    shape = ["n"]
    return models.make(
        [node], [("x", TensorProto.FLOAT, shape)], [("y", TensorProto.FLOAT, shape)], domains=["com.example"]
    )
