from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelport.bundle.build import assemble, refuse_to_overwrite
from modelport.bundle.compose import compose
from modelport.bundle.errors import BundleError, surfaced
from modelport_server import bundle
from modelport_server.bundle import Bundle
from modelport_server.bundle.describe import describe, nodes, tensors

if TYPE_CHECKING:
    from modelport.bundle.divergence import Divergence
    from modelport.bundle.examples import Examples

MAX_ERROR = {"fp16": 0.01, "int8": 0.05}
"""Bounds of the error by precision, for who gives none."""
OLDEST_OPSET = 13  # of scales per channel in QuantizeLinear
AS_IT_IS = "Serve it as it is."


def optimize(
    folder: Path, out_dir: Path, *, precision: str, calibration: Path | None = None, max_error: float | None = None
) -> Bundle:
    """Make a bundle in `out_dir` whose model is that of the bundle in `folder` with numbers of another precision.

    Its name, version, inputs and outputs stay. How it was made is in its manifest, and how far it is from the original
    in its `expected()`, under `error`. A bundle that is there is replaced.

    Args:
        folder: the bundle of a model with fp32 weights.
        out_dir: the folder to make.
        precision: fp16 or int8.
        calibration: a .npz file with rows as the service will see them: the error is measured over them, and int8 takes
            the ranges of activations from them. Without it the bundle's sample shows the error, and int8 finds the
            ranges anew with each request.
        max_error: of numbers the relative error (L2 norms), of labels the share that differs; default: `MAX_ERROR`.

    Raises:
        BundleError: there is nothing to gain, the file is not for the model, it cannot be converted, or the error of
            an output is larger than `max_error`.
    """
    bound = MAX_ERROR[precision] if max_error is None else max_error
    refuse_to_overwrite(out_dir)
    if folder.resolve() in (out_dir.resolve(), *out_dir.resolve().parents):
        raise BundleError(out_dir, "is in the bundle to optimize.", "Name another folder: --out DIR")
    with surfaced(), tempfile.TemporaryDirectory(prefix="modelport-") as scratch:
        from modelport.bundle.divergence import compare
        from modelport.bundle.examples import Examples

        original = bundle.verify(folder)
        _check(original, precision, with_examples=calibration is not None)
        examples = Examples.of_file(calibration, original) if calibration else Examples.of_sample(original)
        wanted = _answers(original, original.model, examples)
        model = _convert(original, precision, calibration, Path(scratch))
        described = _described(original, model, precision, examples)
        _check_result(original, described, precision, with_examples=calibration is not None)
        found = compare([tensor.name for tensor in original.outputs], wanted, _answers(original, model, examples))
        _judge(original, precision, found, bound, examples)
        error = {
            "max": bound,
            "rows": examples.rows,
            **({"sha256": examples.sha256} if examples.sha256 else {}),
            "outputs": {name: each.plain() for name, each in found.items()},
        }
        return assemble(*compose(described, (), ()), original.sample(), out_dir, error=error)


def _check(original: Bundle, precision: str, *, with_examples: bool) -> None:
    """Whether there is something to gain, and the tools can gain it."""
    import onnx

    if original.pipeline:
        problem = "is a pipeline, and only a model alone can be measured against another."
        raise BundleError(
            original.path, problem, "Optimize the model's own bundle, and build the pipeline around that."
        )
    if original.precision != "fp32":
        problem = f"is {original.precision} already."
        raise BundleError(original.path, problem, "Optimize the bundle that it was made from.")
    graph = onnx.load(original.model, load_external_data=False).graph
    in_tensors = sum(_size(tensor) for tensor in tensors(graph) if tensor.data_type == onnx.TensorProto.FLOAT)
    learned = [node for node in nodes(graph) if node.domain == "ai.onnx.ml"]
    in_attributes = sum(len(attribute.floats) + _size(attribute.t) for node in learned for attribute in node.attribute)
    if in_attributes > in_tensors:
        kinds = ", ".join(sorted({node.op_type for node in learned}))
        problem = f"keeps its numbers in {kinds} (ai.onnx.ml), which onnxruntime computes in fp32: nothing to gain."
        raise BundleError(original.path, problem, AS_IT_IS)
    if not in_tensors:
        raise BundleError(original.path, "has no fp32 weights: nothing to gain.", AS_IT_IS)
    opset = original.opsets.get("ai.onnx", OLDEST_OPSET)
    if precision == "int8" and opset < OLDEST_OPSET:
        problem = f"opset {opset} of ai.onnx, and int8 needs {OLDEST_OPSET} or newer."
        remedy = "Export it again with a newer opset, or raise it with onnx.version_converter, and build its bundle."
        raise BundleError(original.path, problem, remedy)


def _size(tensor: Any) -> int:
    """The values of a tensor; 0 where it is empty or no tensor of numbers."""
    import math

    return math.prod(tensor.dims) if tensor.data_type else 0


def _convert(original: Bundle, precision: str, calibration: Path | None, scratch: Path) -> Path:
    """The converted model, below `scratch`; all that the tools write is there, and goes with it."""
    given, made = scratch / "given", scratch / "made"
    shutil.copytree(original.model.parent, given)
    made.mkdir()
    model = made / original.model.name
    words = [original.path.resolve(), given / original.model.name, model, precision, calibration or ""]
    program = [sys.executable, "-P", "-m", "modelport.bundle.conversion", *map(str, words)]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "TMPDIR": str(scratch)}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        reason = f"ended by signal {-done.returncode}" if done.returncode < 0 else said
        problem = f"onnxruntime {version('onnxruntime')} cannot make it {precision}: {reason}"
        raise BundleError(original.path, problem, f"{AS_IT_IS} Or export it for the newest onnxruntime, and try again.")
    return model


def _described(original: Bundle, model: Path, precision: str, examples: Examples) -> Bundle:
    """The converted model with the original's name and version, and where it is from."""
    try:
        made = describe(model, name=original.name, version=original.version)
    except bundle.BundleError as error:
        problem = f"onnxruntime {version('onnxruntime')} makes no valid {precision} model of it: {error.problem}"
        raise BundleError(original.path, problem, AS_IT_IS) from error
    return replace(made, provenance=_provenance(original, precision, examples))


def _provenance(original: Bundle, precision: str, examples: Examples) -> dict[str, Any]:
    """From what and how the model was made; nothing that would differ the next time."""
    method = "float16"
    if precision == "int8":
        method = "static quantization" if examples.sha256 else "dynamic quantization"
    made = {
        "source": original.digest,
        "method": method,
        "tools": {package: version(package) for package in ("onnx", "onnxruntime")},
    }
    if precision == "int8" and examples.sha256:
        made["calibration"] = {"rows": examples.rows, "sha256": examples.sha256}
    return made


def _check_result(original: Bundle, made: Bundle, precision: str, *, with_examples: bool) -> None:
    """Whether the tools have done something, and nothing else."""
    if made.precision != precision:
        problem = f"has no weights that onnxruntime can keep in {precision}: nothing to gain."
        if precision == "int8" and not with_examples:
            problem = "has no weights that onnxruntime can keep in int8 without calibration: convolutions need it."
            raise BundleError(original.path, problem, "Give rows as the service will see them: --calibration data.npz")
        raise BundleError(original.path, problem, AS_IT_IS)
    if (made.inputs, made.outputs) != (original.inputs, original.outputs):
        problem = f"onnxruntime {version('onnxruntime')} changes its inputs or outputs on the way to {precision}."
        raise BundleError(original.path, problem, AS_IT_IS)


def _answers(original: Bundle, model: Path, examples: Examples) -> list[Any]:
    """What a model with the original's inputs and outputs answers to each request."""
    from modelport_server.inference.session import open_session, reason

    session = open_session(model)
    try:
        return [session.run([tensor.name for tensor in original.outputs], feeds) for feeds in examples.feeds]
    except Exception as error:  # onnxruntime's exceptions share no base class
        problem = f"fails on a row that it is given: {reason(error)}"
        raise BundleError(original.path, problem, "Give rows that the model takes.") from error


def _judge(original: Bundle, precision: str, found: Mapping[str, Divergence], bound: float, examples: Examples) -> None:
    if over := {name: each.error for name, each in found.items() if not each.error <= bound}:
        shown = ", ".join(f"{name} {error:.3g}" for name, error in over.items())
        problem = f"in {precision} its error is {shown}, and {bound:g} is allowed (over {measured(examples)})."
        remedy = "Nothing was written. Give more rows with --calibration, or allow it with --max-error."
        raise BundleError(original.path, problem, remedy)


def measured(examples: Examples) -> str:
    """Over what the error is measured."""
    return f"{examples.rows} rows" if examples.sha256 else "the bundle's sample alone"
