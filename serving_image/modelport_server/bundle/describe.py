"""What an .onnx file says about itself, checked before anything runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelport_server.bundle.errors import BundleError
from modelport_server.bundle.files import ModelFile, stays_inside
from modelport_server.bundle.manifest import MODEL, Bundle, Tensor

DATATYPES = {
    "FLOAT": "FP32", "DOUBLE": "FP64", "FLOAT16": "FP16", "BOOL": "BOOL", "STRING": "BYTES",
    "INT8": "INT8", "INT16": "INT16", "INT32": "INT32", "INT64": "INT64",
    "UINT8": "UINT8", "UINT16": "UINT16", "UINT32": "UINT32", "UINT64": "UINT64",
}  # fmt: skip
EXPORT = "Export it again with a current exporter and check it with onnx.checker."
TENSORS_ONLY = "Export it with dense tensors of numbers, booleans or strings (for scikit-learn: zipmap off)."
QUANTIZED = {
    "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearMatMul", "QLinearConv", "MatMulInteger",
    "ConvInteger", "DynamicQuantizeLSTM", "QAttention", "QEmbedLayerNormalization",
}  # fmt: skip
DEFAULT_VERSION = "1"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def describe(model: Path, *, name: str | None = None, version: str | None = None) -> Bundle:
    """The contract and files of `model`, as a bundle that is not built yet.

    Args:
        model: an .onnx file; external data lies beside or below it.
        name: how the model is called; default: the file's name.
        version: default "1".

    Raises:
        BundleError: the file is not a complete model that onnxruntime can serve.
    """
    proto = _read(model)
    _check(model, proto)
    graph = proto.graph
    initialized = {tensor.name for tensor in graph.initializer}
    return Bundle(
        path=model,
        name=_label(model, "name", name or default_name(model)),
        version=_label(model, "version", version or DEFAULT_VERSION),
        inputs=tuple(_tensor(model, value) for value in graph.input if value.name not in initialized),
        outputs=tuple(_tensor(model, value) for value in graph.output),
        opsets={entry.domain or "ai.onnx": entry.version for entry in proto.opset_import},
        ir_version=proto.ir_version,
        precision=_precision(graph),
        files=(ModelFile.of(model, MODEL), *_external_files(model, graph)),
    )


def default_name(model: Path) -> str:
    """What a model is called when nobody says: its file name, with what a name may not hold replaced."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model.stem).lstrip(".-_")


def graphs(graph: Any) -> Iterator[Any]:
    """The graph and its subgraphs."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for subgraph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from graphs(subgraph)


def nodes(graph: Any) -> Iterator[Any]:
    """The nodes of the graph and of its subgraphs."""
    return (node for each in graphs(graph) for node in each.node)


def tensors(graph: Any) -> Iterator[Any]:
    """Every tensor that the graph and its subgraphs hold: initializers, and what nodes have as attributes."""
    for each in graphs(graph):
        yield from each.initializer
        for node in each.node:
            for attribute in node.attribute:
                yield from (*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors)


def _read(model: Path) -> Any:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        content = model.read_bytes()
    except OSError as error:
        raise BundleError(model, f"cannot be read: {error.strerror}.", "Give the path of an .onnx file.") from error
    if not content:
        raise BundleError(model, "empty file.", EXPORT)
    try:
        proto = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise BundleError(model, "not an ONNX model, or cut short.", "Copy or export it again.") from error
    if not (proto.ir_version and proto.graph.node):
        raise BundleError(model, "not an ONNX model: it holds no graph.", "Give the path of an .onnx file.")
    return proto


def _check(model: Path, proto: Any) -> None:
    import onnx

    if proto.ir_version > onnx.IR_VERSION:
        raise BundleError(model, f"IR version {proto.ir_version}, known here up to {onnx.IR_VERSION}.", EXPORT)
    opset = next((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), None)
    newest = onnx.defs.onnx_opset_version()
    if opset is not None and not 1 <= opset <= newest:
        problem = f"opset {opset} of ai.onnx, known here are 1 to {newest}."
        raise BundleError(model, problem, f"Export it with an opset of at most {newest}.")
    for location in _external_locations(proto.graph):
        _external_file(model, location)
    try:
        onnx.checker.check_model(str(model))
    except onnx.checker.ValidationError as error:
        raise BundleError(model, f"not a valid ONNX model: {str(error).strip()}", EXPORT) from error


def _label(model: Path, kind: str, text: str) -> str:
    if not NAME.fullmatch(text):
        problem = f"{kind} {text!r}: allowed are 1 to 63 letters, digits, dots, dashes and underscores."
        raise BundleError(model, problem, f"Give a {kind}.")
    return text


def _tensor(model: Path, value: Any) -> Tensor:
    import onnx

    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        shown = (kind or "unknown_type").removesuffix("_type").replace("_", " ")
        raise BundleError(model, f"{value.name} is of type {shown}, which no protocol carries.", TENSORS_ONLY)
    tensor = value.type.tensor_type
    element = onnx.TensorProto.DataType.Name(tensor.elem_type)
    if element not in DATATYPES:
        raise BundleError(model, f"{value.name} holds {element}, which no protocol carries.", TENSORS_ONLY)
    shape = tuple(dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim)
    return Tensor(value.name, DATATYPES[element], shape)


def _precision(graph: Any) -> str:
    import onnx

    if any(node.op_type in QUANTIZED for node in nodes(graph)):
        return "int8"
    kinds = {tensor.data_type for tensor in tensors(graph)}
    if kinds & {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}:
        return "fp16"
    return "fp32"


def _external_files(model: Path, graph: Any) -> list[ModelFile]:
    locations = sorted(set(_external_locations(graph)))
    return [ModelFile.of(_external_file(model, location), f"model/{location}") for location in locations]


def _external_file(model: Path, location: str) -> Path:
    folder = model.resolve().parent
    file = (folder / location).resolve()
    if not stays_inside(location) or not file.is_relative_to(folder):
        raise BundleError(model, f"external data {location!r} lies outside the model's folder.", EXPORT)
    if not file.is_file():
        raise BundleError(model, f"external data {location!r} is missing.", "Put it beside the model.")
    if f"model/{location}" == MODEL:
        raise BundleError(model, f"external data is called {location!r}, as the model will be.", "Rename it.")
    return file


def _external_locations(graph: Any) -> Iterator[str]:
    """Where every externally stored tensor of the graph lies."""
    import onnx

    for tensor in tensors(graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            yield next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
