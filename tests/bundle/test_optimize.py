import json
import os
import stat
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support import models
from support.weighted import (
    FLOAT,
    RANDOM,
    ROWS,
    branching,
    convolution,
    mlp,
    overflowing,
    text_and_numbers,
    tree,
    weight,
)

from modelport.bundle import BundleError, build
from modelport.bundle.optimize import optimize
from modelport_server.bundle import load, verify
from modelport_server.inference.model import Model


@pytest.fixture
def made(tmp_path):
    """Build a bundle of a model."""

    def made(model, name="m"):
        return build(models.save(model, tmp_path / f"{name}.onnx"), tmp_path / name, version="3").path

    return made


@pytest.fixture
def rows(tmp_path):
    """Write arrays to a .npz file."""

    def rows(**arrays):
        np.savez(tmp_path / "rows.npz", **arrays)
        return tmp_path / "rows.npz"

    return rows


@pytest.mark.parametrize(("precision", "calibrated", "method"), [
    ("fp16", False, "float16"), ("int8", False, "dynamic quantization"), ("int8", True, "static quantization"),
])  # fmt: skip
def test_another_precision_is_a_bundle_that_serves_with_the_same_contract(
    made, rows, tmp_path, precision, calibrated, method
):
    given = made(mlp())
    file = rows(x=ROWS) if calibrated else None
    out = tmp_path / "out"
    optimized = optimize(given, out, precision=precision, calibration=file, max_error=0.2)
    original = load(given)
    assert verify(out) == optimized
    assert (optimized.name, optimized.version, optimized.precision) == ("m", "3", precision)
    assert (optimized.inputs, optimized.outputs) == (original.inputs, original.outputs)
    assert (optimized.provenance["source"], optimized.provenance["method"]) == (original.digest, method)
    assert optimized.sample() == original.sample()
    assert optimized.digest != original.digest
    assert Model.load(out).bundle == optimized


def test_the_measured_error_is_that_of_the_answers(made, rows, tmp_path):
    given, out = made(mlp()), tmp_path / "out"
    optimize(given, out, precision="int8", calibration=rows(x=ROWS), max_error=0.2)
    (wanted, labels), (got, given_labels) = (run(folder, x=ROWS) for folder in (given, out))
    error = load(out).expected()["error"]
    assert (error["rows"], error["max"]) == (200, 0.2)
    scores, label = error["outputs"]["scores"], error["outputs"]["label"]
    assert scores["error"] == pytest.approx(np.linalg.norm(got - wanted) / np.linalg.norm(wanted), rel=1e-4)
    assert scores["largest"] == pytest.approx(np.abs(got - wanted).max(), rel=1e-4)
    assert scores["agreement"] == label["agreement"] == pytest.approx((labels == given_labels).mean())
    assert label["error"] == pytest.approx(1 - label["agreement"])
    assert 0 < scores["error"] < 0.2


def test_weights_are_smaller_in_the_file(made, rows, tmp_path):
    wide = [weight("w", 256, 256)]
    model = models.make(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], [("x", FLOAT, ["n", 256])], [("y", FLOAT, ["n", 256])],
        initializers=wide,
    )  # fmt: skip
    given = made(model)
    size = load(given).size
    assert optimize(given, tmp_path / "half", precision="fp16").size < 0.52 * size
    assert optimize(given, tmp_path / "quarter", precision="int8", max_error=0.1).size < 0.3 * size


def test_above_the_bound_nothing_is_written_and_the_error_is_said(made, rows, tmp_path):
    given, file = made(mlp()), rows(x=ROWS)
    with pytest.raises(BundleError, match=r"scores 0\.\d+.*, and 1e-09 is allowed \(over 200 rows\)"):
        optimize(given, tmp_path / "out", precision="int8", calibration=file, max_error=1e-9)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "m.onnx", "rows.npz"]


def test_what_overflows_is_refused_whatever_the_bound(made, rows, tmp_path):
    given = made(overflowing())
    assert optimize(given, tmp_path / "out", precision="fp16", calibration=rows(x=np.ones(9, np.float32)))
    with pytest.raises(BundleError, match=r"m reaches 6e\+06, and fp16 ends at 65504"):
        optimize(
            given, tmp_path / "out", precision="fp16", calibration=rows(x=np.full(9, 100, np.float32)), max_error=9
        )


@pytest.mark.parametrize(("precision", "calibrated"), [("fp16", False), ("int8", True), ("int8", False)])
def test_the_same_input_gives_the_same_digest(made, rows, tmp_path, monkeypatch, precision, calibrated):
    given, file = made(mlp()), rows(x=ROWS) if calibrated else None
    digests = set()
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        made_so = optimize(given, tmp_path / seed, precision=precision, calibration=file, max_error=1)
        digests.add(made_so.digest)
    assert len(digests) == 1


def test_the_digest_covers_where_the_model_is_from_but_not_what_was_measured(made, tmp_path):
    out = tmp_path / "out"
    optimize(made(mlp()), out, precision="fp16")
    expected = json.loads((out / "expected.json").read_text())
    (out / "expected.json").write_text(json.dumps({**expected, "error": {}}))
    assert verify(out).precision == "fp16"
    manifest = json.loads((out / "bundle.json").read_text())
    manifest["metadata"]["provenance"]["source"] = "sha256:" + "0" * 64
    (out / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(Exception, match="its content gives"):
        verify(out)


def test_calibration_is_noted_where_the_model_depends_on_it(made, rows, tmp_path):
    given, file = made(mlp()), rows(x=ROWS)
    static = optimize(given, tmp_path / "a", precision="int8", calibration=file, max_error=1)
    assert static.provenance["calibration"]["rows"] == 200
    half = optimize(given, tmp_path / "b", precision="fp16", calibration=file)
    assert "calibration" not in half.provenance
    assert half.expected()["error"]["sha256"] == static.provenance["calibration"]["sha256"]


@pytest.mark.parametrize("bias", [(4,), (1, 4), (1,), (1, 1)])
def test_biases_of_any_shape_are_quantized(made, rows, tmp_path, bias):
    given = made(mlp(bias=bias))
    optimized = optimize(given, tmp_path / "out", precision="int8", calibration=rows(x=ROWS), max_error=0.2)
    assert optimized.precision == "int8"


def test_convolutions_need_calibration_for_int8(made, rows, tmp_path):
    given = made(convolution())
    with pytest.raises(BundleError, match=r"convolutions need it(?s:.*)--calibration"):
        optimize(given, tmp_path / "out", precision="int8")
    pictures = RANDOM.normal(size=(6, 3, 8, 8)).astype(np.float32)
    static = optimize(given, tmp_path / "out", precision="int8", calibration=rows(x=pictures), max_error=0.1)
    assert static.expected()["error"]["rows"] == 6
    assert "BatchNormalization" not in {node.op_type for node in onnx.load(static.model).graph.node}


def test_branches_and_texts_go_along(made, rows, tmp_path):
    optimize(made(branching(), "if"), tmp_path / "a", precision="fp16")
    words = np.array(["one", "two"] * 100)
    file = rows(word=words, x=ROWS)
    for precision in ("fp16", "int8"):
        made_so = optimize(made(text_and_numbers()), tmp_path / "b", precision=precision, calibration=file)
        assert made_so.expected()["error"]["outputs"]["said"] == {"error": 0.0, "agreement": 1.0}


def test_external_data_stays_outside_of_the_file(tmp_path, rows):
    model = models.make(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], [("x", FLOAT, ["n", 8])], [("y", FLOAT, ["n", 256])],
        initializers=[weight("w", 8, 256)],
    )  # fmt: skip
    (tmp_path / "in").mkdir()
    onnx.save_model(model, tmp_path / "in" / "m.onnx", save_as_external_data=True, location="w.bin")
    given = build(tmp_path / "in" / "m.onnx", tmp_path / "m").path
    for precision in ("fp16", "int8"):
        optimized = optimize(given, tmp_path / precision, precision=precision, calibration=rows(x=ROWS))
        assert [file.path for file in optimized.files] == ["model/model.onnx", "model/model.onnx.data"]
        assert Model.load(tmp_path / precision).bundle == optimized
    assert verify(given)


def test_examples_may_be_requests_of_their_own(made, rows, tmp_path):
    file = rows(x=ROWS.reshape(50, 4, 8), flag=np.array([True, False] * 25))
    optimized = optimize(made(branching()), tmp_path / "out", precision="fp16", calibration=file)
    assert optimized.expected()["error"]["rows"] == 50


@pytest.mark.parametrize(
    ("model", "precision", "problem"),
    [
        (tree, "fp16", "TreeEnsembleRegressor.*nothing to gain"),
        (tree, "int8", "TreeEnsembleRegressor.*nothing to gain"),
        (models.lookup, "fp16", None),
        (lambda: models.identity(TensorProto.STRING), "fp16", "no fp32 weights"),
        (lambda: models.identity(TensorProto.DOUBLE), "int8", "no fp32 weights"),
        (models.doubling, "int8", "nothing to gain|calibration"),
        (lambda: mlp(opset=11), "int8", "opset 11 of ai.onnx, and int8 needs 13"),
    ],
)
def test_where_there_is_nothing_to_gain_it_says_why(made, tmp_path, model, precision, problem):
    given = made(model())
    if problem is None:
        assert optimize(given, tmp_path / "out", precision=precision).precision == precision
        return
    with pytest.raises(BundleError, match=problem) as refusal:
        optimize(given, tmp_path / "out", precision=precision)
    assert str(refusal.value).startswith(f"{given}\n")
    assert not (tmp_path / "out").exists()


def test_a_pipeline_is_refused(made, tmp_path):
    scale = models.save(models.doubling(), tmp_path / "scale.onnx")
    pipeline = build(models.save(models.doubling(), tmp_path / "m.onnx"), tmp_path / "both", before=[scale])
    with pytest.raises(BundleError, match=r"is a pipeline(?s:.*)the model's own bundle"):
        optimize(pipeline.path, tmp_path / "out", precision="fp16")


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_what_is_optimized_already_is_refused(made, tmp_path, precision):
    optimize(made(mlp()), tmp_path / "half", precision="fp16")
    with pytest.raises(BundleError, match=r"is fp16 already(?s:.*)made from"):
        optimize(tmp_path / "half", tmp_path / "out", precision=precision)


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({}, "no array for x"),
        ({"x": ROWS, "z": ROWS}, "arrays for z, and the model takes x"),
        ({"x": ROWS.astype(np.float64)}, r"x is of float64, the model takes FP32(?s:.*)astype\('float32'\)"),
        ({"x": ROWS[:, :5]}, r"x has shape \[200, 5\], the model takes \[-1, 8\]"),
        ({"x": ROWS[0]}, r"x has shape \[8\]"),
        ({"x": np.float32(1)}, r"x has shape \[\]"),
        ({"x": ROWS[:0]}, "has no rows"),
        ({"x": np.where(ROWS > 2, np.nan, ROWS)}, "x holds NaN or infinity"),
        ({"x": np.array([{"a": 1}], object)}, "no .npz file of plain arrays"),
    ],
)
def test_examples_that_are_not_for_the_model_are_refused(made, rows, tmp_path, arrays, problem):
    given, file = made(mlp()), rows(**arrays)
    with pytest.raises(BundleError, match=problem) as refusal:
        optimize(given, tmp_path / "out", precision="int8", calibration=file)
    assert str(refusal.value).startswith(f"{file}\n")
    assert not (tmp_path / "out").exists()


def test_as_many_rows_of_each_input_are_needed(made, rows, tmp_path):
    file = rows(word=np.array(["one"] * 3), x=ROWS)
    with pytest.raises(BundleError, match="not as many rows of each input: word 3, x 200"):
        optimize(made(text_and_numbers()), tmp_path / "out", precision="int8", calibration=file)


def test_rows_that_fill_no_request_are_refused(made, rows, tmp_path):
    file = rows(x=np.ones((5, 3, 8, 8), np.float32))
    with pytest.raises(BundleError, match="takes 2 rows at once, and here are 5"):
        optimize(made(convolution()), tmp_path / "out", precision="int8", calibration=file)


@pytest.mark.parametrize(
    ("content", "problem"), [(b"PK", "no .npz"), (b"", "no .npz|cannot be read"), (None, "cannot")]
)
def test_a_file_that_is_no_archive_is_refused(made, tmp_path, content, problem):
    file = tmp_path / "rows.npz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BundleError, match=problem):
        optimize(made(mlp()), tmp_path / "out", precision="int8", calibration=file)


def test_one_array_without_a_name_is_refused(made, tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    with pytest.raises(BundleError, match="no names of inputs"):
        optimize(made(mlp()), tmp_path / "out", precision="int8", calibration=tmp_path / "rows.npy")


def test_a_row_that_the_model_cannot_run_on_is_named_as_the_fault(made, rows, tmp_path):
    with pytest.raises(BundleError, match="fails on a row"):
        optimize(made(models.lookup()), tmp_path / "out", precision="fp16", calibration=rows(x=np.array([99])))


@pytest.mark.parametrize("place", ["m", "m/inside", "taken"])
def test_a_folder_that_is_something_else_is_left_alone(made, tmp_path, place):
    given = made(mlp())
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match=r"in the bundle to optimize|exists and is not a bundle"):
        optimize(given, tmp_path / place, precision="fp16")
    assert verify(given)


def test_a_bundle_that_is_there_is_replaced(made, tmp_path):
    given = made(mlp())
    optimize(given, tmp_path / "out", precision="fp16")
    assert optimize(given, tmp_path / "out", precision="int8", max_error=1).precision == "int8"
    assert verify(tmp_path / "out").precision == "int8"


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_the_tools_leave_nothing_behind_and_need_not_write_beside_the_model(
    made, rows, tmp_path, monkeypatch, precision
):
    given, file, scratch = made(mlp()), rows(x=ROWS), tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    writable = {path: path.stat().st_mode for path in (given, given / "model")}
    for path, mode in writable.items():
        path.chmod(mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    try:
        optimize(given, tmp_path / "out", precision=precision, calibration=file, max_error=1)
    finally:
        for path, mode in writable.items():
            path.chmod(mode)
    assert list(scratch.iterdir()) == []
    assert sorted(path.name for path in (given / "model").iterdir()) == ["model.onnx"]


def test_where_the_tools_fail_the_reason_is_said(made, tmp_path, monkeypatch):
    fails = tmp_path / "python"
    fails.write_text("#!/bin/sh\necho noise >&2; echo out of luck >&2; exit 1\n")
    fails.chmod(0o755)
    given = made(mlp())
    monkeypatch.setattr(sys, "executable", str(fails))
    with pytest.raises(BundleError, match=r"onnxruntime \S+ cannot make it fp16: out of luck"):
        optimize(given, tmp_path / "out", precision="fp16")
    fails.write_text("#!/bin/sh\nkill -9 $$\n")
    with pytest.raises(BundleError, match="ended by signal 9"):
        optimize(given, tmp_path / "out", precision="fp16")


def run(folder, **feeds):
    import onnxruntime

    session = onnxruntime.InferenceSession(os.fspath(load(folder).model), providers=["CPUExecutionProvider"])
    return session.run(None, feeds)
