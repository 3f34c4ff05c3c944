"""Arrays of the model's inputs and outputs as the wires carry them: lists of JSON, and bytes in row-major order."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from array import array as packed
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from modelport_server.bundle import Bundle, Tensor
from modelport_server.errors import Fault, Rejected

Array = npt.NDArray[Any]

DATATYPES: dict[str, np.dtype[Any]] = {
    "FP64": np.dtype("<f8"), "FP32": np.dtype("<f4"), "FP16": np.dtype("<f2"),
    "BOOL": np.dtype("?"), "BYTES": np.dtype("O"),
    "INT64": np.dtype("<i8"), "INT32": np.dtype("<i4"), "INT16": np.dtype("<i2"), "INT8": np.dtype("i1"),
    "UINT64": np.dtype("<u8"), "UINT32": np.dtype("<u4"), "UINT16": np.dtype("<u2"), "UINT8": np.dtype("u1"),
}  # fmt: skip
NAMES = {dtype: name for name, dtype in DATATYPES.items()}
TYPECODES = {DATATYPES["FP32"]: "f", DATATYPES["FP64"]: "d", DATATYPES["INT64"]: "q", DATATYPES["INT32"]: "i"}
JSON_TYPES: dict[str, set[type]] = {"f": {int, float}, "i": {int}, "u": {int}, "b": {bool}, "O": {str}}
LENGTH = struct.Struct("<I")  # before each text of BYTES
FEW = 64  # values


@dataclass(slots=True)
class Inference:
    """A request for a model: an array for each of its inputs, and the names of the outputs wanted.

    `id` comes back with the answer; `binary` names the outputs that come back as bytes where the wire has both forms.
    """

    feeds: dict[str, Array]
    outputs: list[str]
    id: str | None = None
    binary: frozenset[str] = field(default_factory=frozenset)

    @property
    def rows(self) -> int:
        """The instances in the batch: the size of the inputs' first dimension, 0 where there is none."""
        return next((array.shape[0] for array in self.feeds.values() if array.ndim), 0)


def check_names(given: Sequence[str], bundle: Bundle) -> None:
    """Whether the inputs `given` are those of the model.

    Raises:
        Rejected: one is missing, unknown or there twice.
    """
    known, names = bundle.inputs_by_name.keys(), set(given)
    if len(names) != len(given):
        raise Rejected(Fault.INVALID_INPUT, "inputs names a tensor twice")
    if names == known:
        return
    if unknown := sorted(names - known):
        text = f"unknown input {', '.join(unknown)}: the model takes {', '.join(known)}"
        raise Rejected(Fault.INVALID_INPUT, text)
    missing = [name for name in known if name not in names]
    raise Rejected(Fault.INVALID_INPUT, f"missing input {', '.join(missing)}")


def wanted_outputs(names: Sequence[str], bundle: Bundle) -> list[str]:
    """The outputs to compute: those named, in that order, or all.

    Raises:
        Rejected: one is unknown or there twice.
    """
    known = bundle.output_names
    if not names:
        return list(known)
    if len(set(names)) != len(names):
        raise Rejected(Fault.INVALID_INPUT, "outputs names a tensor twice")
    if unknown := [name for name in names if name not in known]:
        text = f"unknown output {', '.join(unknown)}: the model gives {', '.join(known)}"
        raise Rejected(Fault.INVALID_INPUT, text)
    return list(names)


def check_datatype(given: Any, tensor: Tensor) -> None:
    """Whether a client calls the datatype of an input as the model does.

    Raises:
        Rejected: it does not.
    """
    if given != tensor.datatype:
        text = f"input {tensor.name}: datatype {given!r}, the model takes {tensor.datatype}"
        raise Rejected(Fault.INVALID_INPUT, text)


def shape_of(given: Any, tensor: Tensor) -> tuple[int, ...]:
    """The shape that a client gives for an input.

    Raises:
        Rejected: it is none, or not one that the model takes.
    """
    fits = isinstance(given, (list, tuple)) and len(given) == len(tensor.shape)
    for size, got in zip(tensor.shape, given if fits else (), strict=False):  # a loop, as every request comes here
        fits = fits and type(got) is int and got >= 0 and size in (-1, got)
    if fits:
        return tuple(given)
    if not isinstance(given, (list, tuple)) or not all(type(size) is int and size >= 0 for size in given):
        raise Rejected(Fault.INVALID_INPUT, f"input {tensor.name}: shape must be a list of sizes")
    text = f"input {tensor.name}: shape {list(given)}, the model takes {list(tensor.shape)}"
    raise Rejected(Fault.INVALID_INPUT, text)


def from_list(data: Any, shape: tuple[int, ...], tensor: Tensor) -> Array:
    """The array of an input whose values are in a list, or an array of INT64 or FP64, flat or nested as `shape` says.

    Raises:
        Rejected: they are not as many, or of another type.
    """
    if isinstance(data, np.ndarray):
        if (quick := _cast(data, shape, tensor)) is not None:
            return quick
        data = data.tolist()  # to say what is wrong with it
    if not isinstance(data, list):
        raise Rejected(Fault.INVALID_INPUT, f"input {tensor.name}: data must be a list of values")
    flat = _flatten(data, shape, tensor.name)
    if len(flat) != math.prod(shape):
        raise Rejected(Fault.INVALID_INPUT, f"input {tensor.name}: {len(flat)} values for shape {list(shape)}")
    return _array(flat, shape, tensor)


def from_bytes(raw: bytes | memoryview, shape: tuple[int, ...], tensor: Tensor) -> Array:
    """The array of an input whose values are bytes: little-endian, or texts each after its length of 4 bytes.

    Raises:
        Rejected: they are not as many as `shape` says.
    """
    dtype, count = DATATYPES[tensor.datatype], math.prod(shape)
    if dtype.kind == "O":
        flat = np.array(list(_texts(raw, tensor.name)), dtype=dtype)
        if len(flat) != count:
            raise Rejected(Fault.INVALID_INPUT, f"input {tensor.name}: {len(flat)} texts for shape {list(shape)}")
    elif len(raw) != count * dtype.itemsize:
        needed = f"{count * dtype.itemsize} bytes for {tensor.datatype} of shape {list(shape)}, not {len(raw)}"
        raise Rejected(Fault.INVALID_INPUT, f"input {tensor.name}: it takes {needed}")
    elif dtype.kind == "b" and np.frombuffer(raw, np.uint8).max(initial=0) > 1:
        raise Rejected(Fault.INVALID_INPUT, f"input {tensor.name}: BOOL takes the bytes 0 and 1")
    else:
        flat = np.frombuffer(raw, dtype)
        if not flat.flags.aligned:  # it may begin anywhere in the body
            flat = flat.copy()
    return reshaped(flat, shape, tensor)


def reshaped(flat: Array, shape: tuple[int, ...], tensor: Tensor) -> Array:
    """The array in its shape.

    Raises:
        Rejected: without values, a dimension may be beyond all memory.
    """
    try:
        return flat.reshape(shape)
    except (ValueError, OverflowError) as error:
        raise Rejected(Fault.INVALID_INPUT, f"input {tensor.name}: shape {list(shape)}: {error}") from error


def as_array(output: Any) -> Array:
    """An output of onnxruntime, which gives a bare scalar where there is no dimension."""
    return np.asarray(output)


def datatype_of(name: str, dtype: np.dtype[Any]) -> str:
    """The V2 datatype of an output.

    Raises:
        Rejected: it has none.
    """
    if datatype := NAMES.get(dtype):
        return datatype
    raise Rejected(Fault.NOT_ACCEPTABLE, f"output {name}: {dtype} has no V2 datatype")


def to_json(array: Array) -> Any:
    """What orjson writes for an array, nested as it is; what is not finite becomes null."""
    return array.tolist() if array.dtype.kind == "O" else np.ascontiguousarray(array)


def rows_to_json(array: Array) -> list[Any]:
    """What orjson writes for each row of an array."""
    if array.dtype.kind == "O":
        return list(array.tolist())
    named = np.dtype(array.dtype.str)  # onnxruntime's INT64 is C's long long, whose scalars orjson does not know
    return list(np.ascontiguousarray(array).view(named))


def to_bytes(array: Array) -> bytes:
    """An array as bytes, as `from_bytes` takes them."""
    if array.dtype.kind != "O":
        return array.tobytes()
    texts = [encoded_text(text) for text in array.ravel()]
    return b"".join(part for text in texts for part in (LENGTH.pack(len(text)), text))


def encoded_text(text: Any) -> bytes:
    """A text of an output in UTF-8."""
    return text if isinstance(text, bytes) else str(text).encode()


def decoded_text(raw: bytes, name: str) -> str:
    """A text of an input.

    Raises:
        Rejected: it is not UTF-8, which is all that onnxruntime takes.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Rejected(Fault.INVALID_INPUT, f"input {name}: a text is not UTF-8: {error.reason}") from error


def decoded_base64(text: Any, name: str) -> str:
    """A text of an input that a client has wrapped as `{"b64": ...}`.

    Raises:
        Rejected: it is no base64, or no UTF-8 inside.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise Rejected(Fault.INVALID_INPUT, f"input {name}: b64 holds no base64") from error
    return decoded_text(raw, name)


def _texts(raw: bytes | memoryview, name: str) -> Iterator[str]:
    at = 0
    while at < len(raw):
        start = at + LENGTH.size
        end = start + LENGTH.unpack_from(raw, at)[0] if start <= len(raw) else len(raw) + 1
        if end > len(raw):
            raise Rejected(Fault.INVALID_INPUT, f"input {name}: a text ends beyond the data")
        yield decoded_text(bytes(raw[start:end]), name)
        at = end


def _cast(numbers: Array, shape: tuple[int, ...], tensor: Tensor) -> Array | None:
    """Numbers as the input takes them, where all of them fit."""
    dtype = DATATYPES[tensor.datatype]
    is_shaped = numbers.shape == shape or numbers.shape == (math.prod(shape),)
    if not is_shaped or dtype.kind not in ("f" if numbers.dtype.kind == "f" else "fiu"):
        return None
    if dtype.kind != "f" and numbers.dtype != dtype:
        limits = np.iinfo(dtype)
        if numbers.size and not (limits.min <= numbers.min() and numbers.max() <= limits.max):
            return None
    with np.errstate(over="ignore"):
        array = numbers.astype(dtype).ravel()
    return array.reshape(shape) if dtype.kind != "f" or _is_finite(array) else None


def _flatten(data: list[Any], shape: tuple[int, ...], name: str) -> list[Any]:
    """Row-major values of `data`, which is flat or nested exactly as `shape` says."""
    if not data or type(data[0]) is not list:
        return data
    for size in shape[1:]:
        if not all(type(row) is list and len(row) == size for row in data):
            text = f"input {name}: data is nested differently from shape {list(shape)}"
            raise Rejected(Fault.INVALID_INPUT, text)
        data = list(chain.from_iterable(data))
    return data


def _array(flat: list[Any], shape: tuple[int, ...], tensor: Tensor) -> Array:
    dtype = DATATYPES[tensor.datatype]
    if not JSON_TYPES[dtype.kind].issuperset(map(type, flat)):
        wrong = set(map(type, flat)) - JSON_TYPES[dtype.kind]
        found = ", ".join(sorted("null" if kind is type(None) else kind.__name__ for kind in wrong))
        text = f"input {tensor.name}: data holds {found}, {tensor.datatype} takes none"
        raise Rejected(Fault.INVALID_INPUT, text)
    try:
        values = _converted(flat, dtype)
    except OverflowError as error:
        raise _beyond(tensor) from error
    if dtype.kind == "f" and not _is_finite(values):
        raise _beyond(tensor)
    if flat and isinstance(values, packed):
        return np.ndarray(shape, dtype, values)
    return reshaped(np.asarray(values, dtype), shape, tensor)


def _is_finite(values: Array | packed[Any]) -> bool:
    """By their sum where they are few, as numpy takes longer to begin."""
    by_sum = len(values) <= FEW and math.isfinite(sum(values.tolist()))
    return by_sum or np.count_nonzero(np.isfinite(values)) == len(values)  # quicker than all()


def _beyond(tensor: Tensor) -> Rejected:
    return Rejected(Fault.INVALID_INPUT, f"input {tensor.name}: data holds a value beyond {tensor.datatype}")


def _converted(flat: list[Any], dtype: np.dtype[Any]) -> Array | packed[Any]:
    """The numbers as an array; the standard library's converts as strictly, and faster than numpy."""
    if code := TYPECODES.get(dtype):
        return packed(code, flat)
    with np.errstate(over="ignore"):
        return np.array(flat, dtype=dtype)
