"""Rows and arrays in files' formats: CSV, JSON lines, NPY."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson

from modelport_server import tensors
from modelport_server.bundle import Bundle, Tensor
from modelport_server.errors import Fault, Rejected
from modelport_server.tensors import Array, Inference
from modelport_server.wire import instances

READ: dict[str, Callable[[str], Any]] = {"f": float, "i": int, "u": int, "O": str}
TRUTHS = {"0": False, "1": True, "false": False, "true": True}


def decode_csv(body: bytes, bundle: Bundle) -> Inference:
    """Rows without a header: the columns are the inputs', side by side in their order.

    Raises:
        Rejected: a row does not fit, or an input is no column or table.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Rejected(Fault.MALFORMED, f"the body is not CSV in UTF-8: {error}") from error
    if not rows:
        raise Rejected(Fault.MALFORMED, "the body has no rows")
    widths = _widths(bundle, len(rows[0]))
    if wrong := next((number for number, row in enumerate(rows, 1) if len(row) != sum(widths)), None):
        text = f"row {wrong} has {len(rows[wrong - 1])} columns, the model takes {sum(widths)}"
        raise Rejected(Fault.INVALID_INPUT, text)
    feeds, at = {}, 0
    for tensor, width in zip(bundle.inputs, widths, strict=True):
        read = _reader(tensor)
        cells = [read(cell, number) for number, row in enumerate(rows, 1) for cell in row[at : at + width]]
        shape = [len(rows), width][: len(tensor.shape)]
        feeds[tensor.name] = tensors.from_list(cells, tensors.shape_of(shape, tensor), tensor)
        at += width
    return Inference(feeds, tensors.wanted_outputs((), bundle))


def encode_csv(bundle: Bundle, asked: Inference, arrays: list[Array]) -> bytes:
    """The outputs' columns side by side, a row for each instance.

    Raises:
        Rejected: an output is no column or table of as many rows as the inputs have.
    """
    columns = []
    for name, array in zip(asked.outputs, map(tensors.as_array, arrays), strict=True):
        if array.ndim not in (1, 2) or len(array) != asked.rows:
            text = f"output {name} has shape {list(array.shape)}, which is no table of {asked.rows} rows: ask for JSON"
            raise Rejected(Fault.NOT_ACCEPTABLE, text)
        columns.append(tensors.rows_to_json(array.reshape(asked.rows, math.prod(array.shape[1:]))))
    file = io.StringIO()
    for parts in zip(*columns, strict=True):
        csv.writer(file, lineterminator="\n").writerow([_cell(value) for part in parts for value in part])
    return file.getvalue().encode()


def decode_lines(body: bytes, bundle: Bundle) -> Inference:
    """An instance on each line.

    Raises:
        Rejected: a line is no JSON, or no instance for the model.
    """
    found = []
    for number, line in enumerate(body.splitlines(), 1):
        try:
            found += [orjson.loads(line)] if line.strip() else []
        except orjson.JSONDecodeError as error:
            raise Rejected(Fault.MALFORMED, f"line {number} is not JSON: {error}") from error
    if not found:
        raise Rejected(Fault.MALFORMED, "the body has no lines")
    return Inference(instances.feeds_of(found, bundle), tensors.wanted_outputs((), bundle))


def encode_lines(bundle: Bundle, asked: Inference, arrays: list[Array]) -> bytes:
    """A prediction on each line.

    Raises:
        Rejected: an output has not one row for each instance.
    """
    option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
    return b"".join(orjson.dumps(each, option=option) for each in instances.predictions(asked, arrays))


def decode_npy(body: bytes, bundle: Bundle) -> Inference:
    """NumPy's format for one array, the only input.

    Raises:
        Rejected: it is cut short, has too many inputs to fill, or values that the input cannot hold.
    """
    if len(bundle.inputs) != 1:
        names = ", ".join(tensor.name for tensor in bundle.inputs)
        raise Rejected(Fault.INVALID_INPUT, f"NPY holds one array, and the model takes {names}: send V2 JSON")
    tensor = bundle.inputs[0]
    array = _read_npy(body)
    shape = tensors.shape_of(list(array.shape), tensor)
    return Inference({tensor.name: cast(array, tensor).reshape(shape)}, tensors.wanted_outputs((), bundle))


def encode_npy(bundle: Bundle, asked: Inference, arrays: list[Array]) -> bytes:
    """The only output.

    Raises:
        Rejected: there are several, or it holds texts.
    """
    if len(arrays) != 1:
        raise Rejected(Fault.NOT_ACCEPTABLE, f"NPY holds one array, and the model gives {', '.join(asked.outputs)}")
    array = tensors.as_array(arrays[0])
    file = io.BytesIO()
    np.save(file, array.astype(str) if array.dtype.kind == "O" else array, allow_pickle=False)
    return file.getvalue()


def cast(array: Array, tensor: Tensor) -> Array:
    """The array in the input's type.

    Raises:
        Rejected: a value would change its meaning.
    """
    wanted = tensors.DATATYPES[tensor.datatype]
    if array.dtype.kind in "US" and wanted.kind == "O":
        return np.array([_text(value, tensor.name) for value in array.ravel()], dtype=wanted)
    if not np.can_cast(array.dtype, wanted, "same_kind"):
        text = f"input {tensor.name}: an array of {array.dtype}, the model takes {tensor.datatype}"
        raise Rejected(Fault.INVALID_INPUT, text)
    with np.errstate(over="ignore", invalid="ignore"):
        made = np.require(array, wanted, ["C", "A"])
    lost = ~np.isfinite(made) & np.isfinite(array) if wanted.kind == "f" else made != array
    if lost.any():
        raise Rejected(Fault.INVALID_INPUT, f"input {tensor.name}: data holds a value beyond {tensor.datatype}")
    return made


def _widths(bundle: Bundle, given: int) -> list[int]:
    """How many columns each input takes; one may take all that the others leave."""
    widths = []
    for tensor in bundle.inputs:
        if len(tensor.shape) not in (1, 2):
            text = f"input {tensor.name} has shape {list(tensor.shape)}, which is no column or table: send V2 JSON"
            raise Rejected(Fault.INVALID_INPUT, text)
        widths.append(tensor.shape[1] if len(tensor.shape) == 2 else 1)
    if widths.count(-1) > 1:
        raise Rejected(Fault.INVALID_INPUT, "several inputs take any number of columns: send V2 JSON")
    rest = given - sum(width for width in widths if width != -1)
    return [max(rest, 0) if width == -1 else width for width in widths]


def _reader(tensor: Tensor) -> Callable[[str, int], Any]:
    kind = tensors.DATATYPES[tensor.datatype].kind

    def read(cell: str, number: int) -> Any:
        try:
            return TRUTHS[cell.strip().lower()] if kind == "b" else READ[kind](cell)
        except (KeyError, ValueError) as error:
            hint = "; send no header" if number == 1 else ""
            text = f"row {number}: {cell[:40]!r} is no {tensor.datatype}{hint}"
            raise Rejected(Fault.INVALID_INPUT, text) from error

    return read


def _cell(value: Any) -> Any:
    """As orjson writes it: a float in its shortest form."""
    if isinstance(value, np.bool_):
        return "true" if value else "false"
    return str(value) if isinstance(value, np.generic) else value


def _read_npy(body: bytes) -> Array:
    """The array, without a copy and without trust: NumPy's own reader makes room for what the header says."""
    file = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, fortran, dtype = read(file)
    except Exception as error:  # the header is parsed as Python, which fails in many ways
        raise Rejected(Fault.MALFORMED, f"the body is not NPY: {error}") from error
    if dtype.hasobject or dtype.fields or dtype.subdtype or not dtype.itemsize:
        raise Rejected(Fault.INVALID_INPUT, f"an array of {dtype} is nothing that a model takes")
    rest = memoryview(body)[file.tell() :]
    if any(size < 0 for size in shape) or math.prod(shape) * dtype.itemsize != len(rest):
        text = f"{len(rest)} bytes of values for {dtype} of shape {list(shape)}"
        raise Rejected(Fault.MALFORMED, f"the body is not NPY: {text}")
    return np.frombuffer(rest, dtype).reshape(shape, order="F" if fortran else "C")


def _text(value: Any, name: str) -> str:
    return tensors.decoded_text(value, name) if isinstance(value, bytes) else str(value)
