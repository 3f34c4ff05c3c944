"""Graphs before and after a model, as one bundle."""

import json

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from support import models

from modelport.bundle import BundleError, build, ensure, load
from modelport_server.inference.model import Model

F, I = TensorProto.FLOAT, TensorProto.INT64  # noqa: E741


def graph(path, nodes, inputs, outputs, **options):
    return models.save(models.make([helper.make_node(*node) for node in nodes], inputs, outputs, **options), path)


@pytest.fixture
def graphs(tmp_path):
    """`scale`: x -> scaled. `model`: (scaled, bias) -> (logits, doubt). `label`: logits -> (label, scores)."""
    weight = numpy_helper.from_array(np.array([2], np.float32), "two")
    rows = ["n", 3]
    graph(tmp_path / "scale.onnx", [("Mul", ["x", "two"], ["scaled"])], [("x", F, rows)], [("scaled", F, rows)],
          initializers=[weight], opset=13)  # fmt: skip
    graph(tmp_path / "model.onnx", [("Add", ["scaled", "bias"], ["logits"]), ("Neg", ["logits"], ["doubt"])],
          [("scaled", F, rows), ("bias", F, [3])], [("logits", F, rows), ("doubt", F, rows)])  # fmt: skip
    graph(tmp_path / "label.onnx", [("ArgMax", ["logits"], ["label"]), ("Identity", ["logits"], ["scores"])],
          [("logits", F, rows)], [("label", I, [1, 3]), ("scores", F, rows)], opset=18)  # fmt: skip
    return tmp_path


@pytest.fixture
def built(graphs):
    return build(graphs / "model.onnx", graphs / "out", before=[graphs / "scale.onnx"], after=[graphs / "label.onnx"])


def answer(path, feeds, outputs):
    return models.answered(Model.load(path), feeds, outputs)


def test_it_takes_what_nobody_gives_and_gives_what_the_last_gives(built):
    assert [(each.name, each.datatype, each.shape) for each in built.inputs] == [
        ("x", "FP32", (-1, 3)),
        ("bias", "FP32", (3,)),
    ]
    assert [each.name for each in built.outputs] == ["label", "scores"]
    assert built.opsets["ai.onnx"] == 18
    feeds = {"x": np.array([[1, 2, 3], [9, 0, 0]], np.float32), "bias": np.array([0, 10, 0], np.float32)}
    scores, label = answer(built.path, feeds, ["scores", "label"])
    assert scores.tolist() == [[2, 14, 6], [18, 10, 0]]
    assert label.tolist() == [[1, 0, 0]]


def test_it_is_the_same_bundle_when_it_is_read_again(built):
    assert load(built.path) == built
    assert [stage.path for stage in built.pipeline] == [
        "model/before-1/model.onnx",
        "model/model.onnx",
        "model/after-1/model.onnx",
    ]


def test_its_digest_covers_the_graphs_and_how_they_are_wired(graphs, built):
    alone = build(graphs / "model.onnx", graphs / "alone")
    assert alone.digest != built.digest
    manifest = json.loads((built.path / "bundle.json").read_text())
    manifest["metadata"]["pipeline"][1]["takes"]["bias"] = {"graph": 1, "name": "scaled"}
    (built.path / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="its content gives"):
        load(built.path)


def test_a_graph_may_have_weights_in_another_file(tmp_path):
    (tmp_path / "graph").mkdir()
    outside = models.with_external_data(tmp_path / "graph")  # x + [0, 1, 2]
    model = models.save(models.scaling(10), tmp_path / "model.onnx")
    built = build(model, tmp_path / "out", before=[outside])
    assert "model/before-1/weights.bin" in {file.path for file in built.files}
    x = np.zeros(built.inputs[0].shape, np.float32) if -1 not in built.inputs[0].shape else np.zeros((1, 3), np.float32)
    assert answer(built.path, {built.inputs[0].name: x}, ["y"])[0].ravel().tolist() == [0, 10, 20]


def test_one_output_and_one_input_need_not_be_called_alike(tmp_path):
    twice = models.save(models.scaling(2), tmp_path / "twice.onnx")
    thrice = models.save(models.scaling(3), tmp_path / "thrice.onnx")
    built = build(twice, tmp_path / "out", before=[thrice, thrice], after=[twice])
    x = np.ones((2, 3), np.float32)
    assert answer(built.path, {"x": x}, ["y"])[0].tolist() == (36 * x).tolist()


def test_what_does_not_fit_together_is_refused_with_the_reason(graphs, tmp_path):
    model, label, scale = graphs / "model.onnx", graphs / "label.onnx", graphs / "scale.onnx"
    integers = models.save(models.identity(TensorProto.INT64, ("n", 3)), tmp_path / "int.onnx")
    flat = models.save(models.identity(TensorProto.FLOAT, ("n",)), tmp_path / "flat.onnx")
    for before, after, reason in [
        ([label], [], "takes none of what the graph before it gives"),  # label, scores -> scaled, bias
        ([scale, integers], [], "input x takes INT64, and scaled is FP32"),
        ([flat], [], "takes none of what"),
        ([scale, flat], [], r"input x takes shape \[-1\], and scaled has \[-1, 3\]"),
    ]:
        with pytest.raises(BundleError, match=reason):
            build(model, tmp_path / "out", before=before, after=after)
        assert not (tmp_path / "out").exists()


class TestEnsure:
    def test_it_builds_once_and_knows_a_pipeline_from_its_model(self, graphs, tmp_path, monkeypatch):
        cache = tmp_path / "cache"
        given = {"before": ["scale.onnx"], "after": ["label.onnx"]}
        first = ensure("model.onnx", base=graphs, cache=cache, **given)
        alone = ensure("model.onnx", base=graphs, cache=cache)
        assert first.digest != alone.digest
        assert alone.pipeline == ()
        monkeypatch.setattr("modelport.bundle.source.build", None)
        assert ensure("model.onnx", base=graphs, cache=cache, **given) == first

    def test_a_bundle_keeps_its_name_and_a_graph_may_be_a_bundle(self, graphs, tmp_path):
        build(graphs / "model.onnx", graphs / "b", name="fraud", version="7")
        build(graphs / "scale.onnx", graphs / "s")
        made = ensure("b", base=graphs, cache=tmp_path / "cache", before=["s"])
        assert (made.name, made.version, len(made.pipeline)) == ("fraud", "7", 2)

    def test_a_pipeline_of_a_pipeline_is_refused(self, built, tmp_path):
        with pytest.raises(BundleError, match="has a pipeline of its own"):
            ensure(str(built.path), base=tmp_path, cache=tmp_path / "cache", before=["out"])
