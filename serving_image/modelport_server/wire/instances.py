"""Instances and predictions: JSON with an entry for each row, as KServe V1, Vertex AI and TF Serving have it."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from modelport_server import tensors
from modelport_server.bundle import Bundle, Tensor
from modelport_server.errors import Fault, Rejected
from modelport_server.tensors import Array, Inference
from modelport_server.wire.body import parsed_object

USE_V2 = "use the V2 protocol, which has no instances"


def decode(body: bytes, bundle: Bundle) -> Inference:
    """Read ``{"instances": [...], "parameters": {"outputs": [NAME, ...]}}`` for the model of `bundle`.

    Raises:
        Rejected: with everything a caller needs to correct it.
    """
    return inference(parsed_object(body), bundle)


def inference(content: dict[str, Any], bundle: Bundle) -> Inference:
    """A request that is read already.

    Raises:
        Rejected: as `decode`.
    """
    instances = content.get("instances")
    if not isinstance(instances, (list, np.ndarray)) or not len(instances):
        raise Rejected(Fault.MALFORMED, "instances must be a list of at least one instance")
    return Inference(feeds_of(instances, bundle), _outputs(content.get("parameters") or {}, bundle))


def feeds_of(instances: list[Any] | Array, bundle: Bundle) -> dict[str, Array]:
    """The arrays of a batch. An instance is an object with a value for each input, or the value of the only one.

    Long lists of numbers, also that of all instances, may be arrays of INT64 or FP64.

    Raises:
        Rejected: an instance does not fit, or the model takes no batches.
    """
    if isinstance(instances, np.ndarray) and len(bundle.inputs) != 1:
        instances = instances.tolist()  # to say what is wrong with it
    columns = {bundle.inputs[0].name: instances} if isinstance(instances, np.ndarray) else _columns(instances, bundle)
    return {tensor.name: _batch(columns[tensor.name], tensor) for tensor in bundle.inputs}


def encode(asked: Inference, arrays: list[Array]) -> bytes:
    """``{"predictions": [...]}``: the output's row for each instance, or an object with a row of each output.

    Raises:
        Rejected: an output has not one row for each instance.
    """
    return orjson.dumps({"predictions": predictions(asked, arrays)}, option=orjson.OPT_SERIALIZE_NUMPY)


def predictions(asked: Inference, arrays: list[Array]) -> Any:
    """The predictions, each as orjson writes it.

    Raises:
        Rejected: as `encode`.
    """
    columns = dict(zip(asked.outputs, map(tensors.as_array, arrays), strict=True))
    for name, array in columns.items():
        if array.shape[:1] != (asked.rows,):
            text = (
                f"output {name} has shape {list(array.shape)}, not a row for each of {asked.rows} instances: {USE_V2}"
            )
            raise Rejected(Fault.NOT_ACCEPTABLE, text)
    if len(columns) == 1:
        return tensors.to_json(next(iter(columns.values())))
    rows = zip(*map(tensors.rows_to_json, columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _outputs(parameters: Any, bundle: Bundle) -> list[str]:
    if not isinstance(parameters, dict):
        raise Rejected(Fault.MALFORMED, "parameters must be an object")
    if unknown := sorted(parameters.keys() - {"outputs"}):
        raise Rejected(
            Fault.INVALID_INPUT, f"unknown parameter {', '.join(unknown)}: there is outputs, a list of names"
        )
    names = parameters.get("outputs") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Rejected(Fault.MALFORMED, "parameters: outputs must be a list of names")
    return tensors.wanted_outputs(names, bundle)


def _columns(instances: list[Any], bundle: Bundle) -> dict[str, Any]:
    names = [tensor.name for tensor in bundle.inputs]
    if not any(_is_named(instance, names) for instance in instances):
        if len(names) != 1:
            text = f"an instance must be an object with a value for each input: {', '.join(names)}"
            raise Rejected(Fault.INVALID_INPUT, text)
        return {names[0]: instances}
    for number, instance in enumerate(instances):
        if not _is_named(instance, names):
            raise Rejected(Fault.INVALID_INPUT, f"instance {number} is not an object as the others are")
        tensors.check_names(list(instance), bundle)
    return {name: [instance[name] for instance in instances] for name in names}


def _is_named(instance: Any, names: list[str]) -> bool:
    return isinstance(instance, dict) and (instance.keys() != {"b64"} or "b64" in names)


def _batch(values: Any, tensor: Tensor) -> Array:
    values = _numbers(values)
    if isinstance(values, np.ndarray):
        if values.ndim == len(tensor.shape):
            return tensors.from_list(values, tensors.shape_of(list(values.shape), tensor), tensor)
        values = values.tolist()
    if not tensor.shape or tensor.shape[0] not in (-1, len(values)):
        takes = f"it takes {list(tensor.shape)}, not {len(values)} instances"
        raise Rejected(Fault.INVALID_INPUT, f"input {tensor.name}: {takes}: {USE_V2}")
    if tensor.shape[1:] == (1,) and not isinstance(values[0], list):  # a column of a table
        values = [[value] for value in values]
    shape = [len(values)]
    inside: Any = values
    for _ in tensor.shape[1:]:
        inside = inside[0] if isinstance(inside, list) and inside else None
        if not isinstance(inside, list):
            text = f"input {tensor.name}: an instance must be nested {len(tensor.shape) - 1} deep"
            raise Rejected(Fault.INVALID_INPUT, text)
        shape.append(len(inside))
    if tensor.datatype == "BYTES":
        values = _texts(values, len(shape), tensor.name)
    return tensors.from_list(values, tensors.shape_of(shape, tensor), tensor)


def _numbers(values: Any) -> Any:
    """The values of all instances as one array, where each is an array like the others; else as lists."""
    if isinstance(values, np.ndarray) or not any(isinstance(value, np.ndarray) for value in values):
        return values
    if all(isinstance(value, np.ndarray) and value.shape == values[0].shape for value in values):
        return np.stack(values)
    return [value.tolist() if isinstance(value, np.ndarray) else value for value in values]


def _texts(values: Any, depth: int, name: str) -> Any:
    """Texts, nested `depth` deep, of which some may be ``{"b64": ...}``."""
    if isinstance(values, list) and depth:
        return [_texts(value, depth - 1, name) for value in values]
    if isinstance(values, dict) and values.keys() == {"b64"}:
        return tensors.decoded_base64(values["b64"], name)
    return values
