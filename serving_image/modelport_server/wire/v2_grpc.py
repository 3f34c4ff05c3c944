"""Open Inference Protocol (V2), gRPC: its messages to a request for a model, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelport_server import tensors
from modelport_server.bundle import Bundle, Tensor
from modelport_server.errors import Fault, Rejected
from modelport_server.tensors import Array, Inference
from modelport_server.wire import v2
from modelport_server.wire.messages import message

CONTENTS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}  # fmt: skip


def decode(request: Any, bundle: Bundle) -> Inference:
    """A ModelInferRequest for the model of `bundle`. What comes as bytes goes back as bytes.

    Raises:
        Rejected: with everything a caller needs to correct it.
    """
    tensors.check_names([entry.name for entry in request.inputs], bundle)
    raws = request.raw_input_contents
    if raws and len(raws) != len(request.inputs):
        text = f"raw_input_contents has {len(raws)} entries for {len(request.inputs)} inputs"
        raise Rejected(Fault.MALFORMED, text)
    known = {tensor.name: tensor for tensor in bundle.inputs}
    feeds = {}
    for number, entry in enumerate(request.inputs):
        tensor = known[entry.name]
        tensors.check_datatype(entry.datatype, tensor)
        shape = tensors.shape_of(list(entry.shape), tensor)
        if raws and entry.HasField("contents"):
            raise Rejected(
                Fault.MALFORMED, f"input {entry.name}: contents and raw_input_contents contradict each other"
            )
        feeds[entry.name] = tensors.from_bytes(raws[number], shape, tensor) if raws else _array(entry, shape, tensor)
    outputs = tensors.wanted_outputs([entry.name for entry in request.outputs], bundle)
    return Inference(feeds, outputs, request.id or None, frozenset(outputs if raws else ()))


def encode(bundle: Bundle, asked: Inference, arrays: list[Array]) -> Any:
    """The ModelInferResponse with `arrays` as the outputs that `asked` wants, in that order.

    Raises:
        Rejected: an output has no V2 datatype.
    """
    response = message("ModelInferResponse")(model_name=bundle.name, model_version=bundle.version, id=asked.id or "")
    outputs = [
        (name, tensors.datatype_of(name, array.dtype), array)
        for name, array in zip(asked.outputs, map(tensors.as_array, arrays), strict=True)
    ]
    raw = bool(asked.binary) or any(datatype not in CONTENTS for _, datatype, _ in outputs)  # all of them, or none
    for name, datatype, array in outputs:
        entry = response.outputs.add(name=name, datatype=datatype, shape=array.shape)
        if raw:
            response.raw_output_contents.append(tensors.to_bytes(array))
        else:
            values = map(tensors.encoded_text, array.ravel()) if datatype == "BYTES" else array.ravel().tolist()
            getattr(entry.contents, CONTENTS[datatype]).extend(values)
    return response


def metadata(bundle: Bundle, versions: list[str]) -> Any:
    """The ModelMetadataResponse."""
    return message("ModelMetadataResponse")(**v2.metadata(bundle, versions))


def _array(entry: Any, shape: tuple[int, ...], tensor: Tensor) -> Array:
    if (field := CONTENTS.get(tensor.datatype)) is None:
        text = f"input {tensor.name}: {tensor.datatype} has no typed contents, send raw_input_contents"
        raise Rejected(Fault.INVALID_INPUT, text)
    filled = [other.name for other, _ in entry.contents.ListFields()]
    if wrong := [name for name in filled if name != field]:
        raise Rejected(Fault.INVALID_INPUT, f"input {tensor.name}: {tensor.datatype} is in {field}, not in {wrong[0]}")
    values = getattr(entry.contents, field)
    if tensor.datatype == "BYTES":
        return tensors.from_list([tensors.decoded_text(value, tensor.name) for value in values], shape, tensor)
    if tensor.datatype.startswith("FP"):  # what is not finite is a number here, as it is in bytes
        return tensors.from_bytes(np.array(values, tensors.DATATYPES[tensor.datatype]).tobytes(), shape, tensor)
    return tensors.from_list(list(values), shape, tensor)
