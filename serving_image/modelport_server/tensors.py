"""Tensors as JSON: nested or flat lists on the way in, flat lists in row-major order on the way out."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from modelport_server.bundle import Tensor
from modelport_server.errors import Rejected

Array = npt.NDArray[Any]

DATATYPES: dict[str, np.dtype[Any]] = {
    "FP64": np.dtype("f8"), "FP32": np.dtype("f4"), "FP16": np.dtype("f2"),
    "BOOL": np.dtype("?"), "BYTES": np.dtype("O"),
    "INT64": np.dtype("i8"), "INT32": np.dtype("i4"), "INT16": np.dtype("i2"), "INT8": np.dtype("i1"),
    "UINT64": np.dtype("u8"), "UINT32": np.dtype("u4"), "UINT16": np.dtype("u2"), "UINT8": np.dtype("u1"),
}  # fmt: skip
NAMES = {dtype: name for name, dtype in DATATYPES.items()}
JSON_TYPES: dict[str, set[type]] = {"f": {int, float}, "i": {int}, "u": {int}, "b": {bool}, "O": {str}}


def decode(entry: dict[str, Any], tensor: Tensor) -> Array:
    """The array that a V2 input `entry` gives for the model's input `tensor`.

    Raises:
        Rejected: (400) datatype, shape or data do not fit.
    """
    if entry.get("datatype") != tensor.datatype:
        raise Rejected(
            400, f"input {tensor.name}: datatype {entry.get('datatype')!r}, the model takes {tensor.datatype}"
        )
    shape = _shape(entry.get("shape"), tensor)
    data = entry.get("data")
    if not isinstance(data, list):
        raise Rejected(400, f"input {tensor.name}: data must be a list of values")
    flat = _flatten(data, shape, tensor.name)
    if len(flat) != math.prod(shape):
        raise Rejected(400, f"input {tensor.name}: {len(flat)} values for shape {list(shape)}")
    try:
        return _array(flat, tensor).reshape(shape)
    except (ValueError, OverflowError) as error:  # without values, a dimension may be beyond all memory
        raise Rejected(400, f"input {tensor.name}: shape {list(shape)}: {error}") from error


def encode(name: str, array: Array) -> dict[str, Any]:
    """`array` as a V2 output, its data a flat array that orjson writes; what is not finite becomes null.

    Raises:
        Rejected: (501) the array is of a type that JSON does not carry.
    """
    array = np.asarray(array)
    if (datatype := NAMES.get(array.dtype)) is None:
        raise Rejected(501, f"output {name}: {array.dtype} has no V2 datatype")
    flat = array.ravel()
    data = flat.tolist() if datatype == "BYTES" else np.ascontiguousarray(flat)
    return {"name": name, "datatype": datatype, "shape": list(array.shape), "data": data}


def _shape(given: Any, tensor: Tensor) -> tuple[int, ...]:
    if not isinstance(given, list) or not all(type(size) is int and size >= 0 for size in given):
        raise Rejected(400, f"input {tensor.name}: shape must be a list of sizes")
    ranks_agree = len(given) == len(tensor.shape)
    if not ranks_agree or any(size not in (-1, got) for size, got in zip(tensor.shape, given, strict=True)):
        raise Rejected(400, f"input {tensor.name}: shape {given}, the model takes {list(tensor.shape)}")
    return tuple(given)


def _flatten(data: list[Any], shape: tuple[int, ...], name: str) -> list[Any]:
    """Row-major values of `data`, which is flat or nested exactly as `shape` says."""
    if not data or type(data[0]) is not list:
        return data
    for size in shape[1:]:
        if not all(type(row) is list and len(row) == size for row in data):
            raise Rejected(400, f"input {name}: data is nested differently from shape {list(shape)}")
        data = list(chain.from_iterable(data))
    return data


def _array(flat: list[Any], tensor: Tensor) -> Array:
    dtype = DATATYPES[tensor.datatype]
    if wrong := set(map(type, flat)) - JSON_TYPES[dtype.kind]:
        found = ", ".join(sorted("null" if kind is type(None) else kind.__name__ for kind in wrong))
        raise Rejected(400, f"input {tensor.name}: data holds {found}, {tensor.datatype} takes none")
    try:
        with np.errstate(over="ignore"):
            array = np.array(flat, dtype=dtype)
    except OverflowError as error:
        raise Rejected(400, f"input {tensor.name}: data holds a value beyond {tensor.datatype}") from error
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Rejected(400, f"input {tensor.name}: data holds a value beyond {tensor.datatype}")
    return array
