"""A program: onnxruntime's own tools make another model of a bundle's.

They write beside the model that they read, log, change `sys.path`, and order nodes by hashes. Here they may: the model
is a copy, and the process one of its own with a fixed `PYTHONHASHSEED`.

Weights of int8 use 7 of their bits, so that sums of two products fit into 16: on CPUs without VNNI such sums saturate,
and the same model would answer otherwise than on others.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime.quantization as quantization
from onnxruntime.quantization.registry import IntegerOpsRegistry, QDQRegistry, QLinearOpsRegistry
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16

from modelport.bundle.examples import Examples
from modelport.bundle.read import load
from modelport_server.bundle.describe import nodes, tensors

LARGEST = float(np.finfo(np.float16).max)
DATA = "model.onnx.data"
WITHOUT_EXAMPLES = sorted(
    set(IntegerOpsRegistry) - {"Conv"}
)  # onnxruntime computes ConvInteger with unsigned weights only
WITH_EXAMPLES = sorted({*QLinearOpsRegistry, *QDQRegistry})


def main(folder: str, model: str, out: str, precision: str, file: str) -> None:
    """Write to `out` what becomes of `model`, a copy of the one in the bundle `folder`.

    `file` holds examples; where it is empty, there is the bundle's sample. An error is one line on standard error, and
    exit status 1.
    """
    try:
        original = onnx.load(model, load_external_data=False)
        external = any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in tensors(original.graph))
        bundle = load(Path(folder))
        examples = Examples.of_file(Path(file), bundle) if file else Examples.of_sample(bundle)
        if precision == "fp16":
            _check_range(Path(model), examples)
            converted = _fp16(onnx.load(model))
        else:
            converted = _int8(Path(model), examples if file else None, external)
        _restore_order(converted.graph)
        _restore_contract(converted, original)
        onnx.save_model(converted, out, save_as_external_data=external, location=DATA)
    except Exception as error:  # the tools raise whatever they come upon
        text = " ".join(str(error).split()) or type(error).__name__
        sys.exit(text)


def _check_range(model: Path, examples: Examples) -> None:
    """Whether every number on the way is one of fp16; a CPU would not notice, as onnxruntime computes in fp32 there."""
    inferred, augmented = model.with_name("inferred.onnx"), model.with_name("augmented.onnx")
    onnx.shape_inference.infer_shapes_path(model, inferred)
    calibrator = quantization.create_calibrator(inferred, augmented_model_path=str(augmented))
    calibrator.collect_data(_Reader(examples))
    for name, found in calibrator.compute_data().items():
        if (largest := float(np.abs(found.range_value).max())) > LARGEST:
            raise OverflowError(f"{name} reaches {largest:.3g}, and fp16 ends at {LARGEST:g}")


def _fp16(model: Any) -> Any:
    initialized = {tensor.name for tensor in model.graph.initializer}
    values = [*model.graph.input, *model.graph.output]
    kept = [value.name for value in values if value.name not in initialized]
    return convert_float_to_float16(model, keep_io_types=kept)


def _int8(model: Path, examples: Examples | None, external: bool) -> Any:
    prepared, out = model.with_name("prepared.onnx"), model.with_name("quantized.onnx")
    # sympy, for shapes with symbols, is an extra of onnxruntime's; batch norms are folded into convolutions without it
    quant_pre_process(model, prepared, skip_symbolic_shape=True, save_as_external_data=external)
    _flatten_biases(prepared)
    options: dict[str, Any] = {"per_channel": True, "reduce_range": True, "use_external_data_format": external}
    if examples:
        quantization.quantize_static(
            prepared,
            out,
            _Reader(examples),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=WITH_EXAMPLES,
            activation_type=quantization.QuantType.QUInt8,
            **options,
        )
    else:
        quantization.quantize_dynamic(prepared, out, op_types_to_quantize=WITHOUT_EXAMPLES, **options)
    return onnx.load(out)


def _flatten_biases(file: Path) -> None:
    """One value per output in each bias: the quantization of Gemm reads no other, and exporters write [1, n], too."""
    model = onnx.load(file)
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Gemm" and len(node.input) == 3 and {*node.input[1:]} <= held.keys():
            bias = onnx.numpy_helper.to_array(held[node.input[2]])
            weight = held[node.input[1]]
            outputs = weight.dims[0 if any(each.name == "transB" and each.i for each in node.attribute) else 1]
            if bias.shape != (outputs,) and bias.size in (1, outputs):
                node.input[2] = f"{node.input[2]}_of_{node.output[0]}"
                flat = np.broadcast_to(bias.reshape(-1), (outputs,))
                model.graph.initializer.append(onnx.numpy_helper.from_array(flat, node.input[2]))
    onnx.save_model(model, file, save_as_external_data=any(tensor.data_location for tensor in held.values()))


class _Reader(quantization.CalibrationDataReader):
    """Hands the examples to the calibration, one request after the other."""

    def __init__(self, examples: Examples):
        self._feeds: Iterator[Any] = iter(examples.feeds)

    def get_next(self) -> Any:
        return next(self._feeds, None)


def _restore_order(graph: Any) -> None:
    """Every node after those whose outputs it or its subgraphs take, as ONNX demands."""
    makers = {output: number for number, node in enumerate(graph.node) for output in node.output}
    needed = {
        number: [makers[name] for each in (node, *_inside(node)) for name in each.input if name in makers]
        for number, node in enumerate(graph.node)
    }
    ordered = [graph.node[number] for number in TopologicalSorter(needed).static_order()]
    del graph.node[:]
    graph.node.extend(ordered)


def _inside(node: Any) -> Iterator[Any]:
    return (each for attribute in node.attribute for graph in (attribute.g, *attribute.graphs) for each in nodes(graph))


def _restore_contract(converted: Any, original: Any) -> None:
    """The outputs with their declared shapes, not those inferred; and no operator set that is not used."""
    declared = list(original.graph.output)
    del converted.graph.output[:]
    converted.graph.output.extend(declared)
    used = {node.domain or "ai.onnx" for node in nodes(converted.graph)}
    used |= {node.domain or "ai.onnx" for function in converted.functions for node in function.node}
    imports = [entry for entry in converted.opset_import if (entry.domain or "ai.onnx") in used]
    del converted.opset_import[:]
    converted.opset_import.extend(imports)


if __name__ == "__main__":
    main(*sys.argv[1:])
