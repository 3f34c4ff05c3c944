"""Tensors with their values, as the protocols write them. Independent of the server's own reading of them."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from modelport.conformance.check import Failed

FORMATS = {
    "FP64": "d", "FP32": "f", "FP16": "e", "BOOL": "?", "INT64": "q", "INT32": "i", "INT16": "h", "INT8": "b",
    "UINT64": "Q", "UINT32": "I", "UINT16": "H", "UINT8": "B",
}  # fmt: skip
DATATYPES = (*FORMATS, "BYTES")


@dataclass(frozen=True)
class Value:
    """A tensor: its `data` is flat, in row-major order."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: tuple[Any, ...]

    @classmethod
    def of_json(cls, entry: Any) -> Value:
        """A tensor of a V2 request or response; fails where it is none."""
        try:
            name, datatype, shape = entry["name"], entry["datatype"], tuple(entry["shape"])
            data = tuple(flat(entry["data"]))
        except (KeyError, TypeError) as error:
            raise Failed(f"a tensor has no name, datatype, shape or data: {_short(entry)}") from error
        return cls(name, datatype, shape, data).checked()

    @classmethod
    def of_bytes(cls, name: str, datatype: str, shape: Sequence[int], raw: bytes) -> Value:
        """A tensor whose values are bytes; fails where they do not fit."""
        return cls(name, datatype, tuple(shape), tuple(_unpacked(name, datatype, raw))).checked()

    def checked(self) -> Value:
        """Itself; fails where there are not as many values as the shape says."""
        if self.datatype not in DATATYPES:
            raise Failed(f"{self.name} has the datatype {self.datatype!r}, which there is none")
        if len(self.data) != math.prod(self.shape):
            raise Failed(f"{self.name} has {len(self.data)} values for shape {list(self.shape)}")
        return self

    @property
    def nested(self) -> Any:
        """The values in lists in lists."""
        data: Any = list(self.data)
        for size in reversed(self.shape[1:]):
            data = [data[at : at + size] for at in range(0, len(data), size)]
        return data if self.shape else data[0]

    @property
    def bytes(self) -> bytes:
        """The values as bytes."""
        if self.datatype == "BYTES":
            texts = [str(text).encode() for text in self.data]
            return b"".join(struct.pack("<I", len(text)) + text for text in texts)
        return struct.pack(f"<{len(self.data)}{FORMATS[self.datatype]}", *self.data)

    def json(self, **parameters: Any) -> dict[str, Any]:
        """As in a V2 request, without its values where they follow as bytes."""
        entry = {"name": self.name, "shape": list(self.shape), "datatype": self.datatype}
        return {**entry, **({"parameters": parameters} if parameters else {"data": list(self.data)})}

    def repeated(self, times: int) -> Value:
        """As many of it one after the other along the first dimension."""
        return Value(self.name, self.datatype, (self.shape[0] * times, *self.shape[1:]), self.data * times)


def flat(data: Any) -> Iterator[Any]:
    """The values of lists in lists."""
    if not isinstance(data, list):
        yield data
        return
    for each in data:
        yield from flat(each)


def compare(given: Value, wanted: Value, tolerance: dict[str, float]) -> None:
    """Fail unless a tensor is that which is wanted, its numbers within `tolerance` (relative, absolute)."""
    for what in ("datatype", "shape"):
        if getattr(given, what) != getattr(wanted, what):
            text = f"{given.name} has {what} {getattr(given, what)}, expected is {getattr(wanted, what)}"
            raise Failed(text)
    compare_numbers(given.name, given.data, wanted.data, tolerance)


def compare_numbers(name: str, given: Sequence[Any], wanted: Sequence[Any], tolerance: dict[str, float]) -> None:
    """Fail unless the values are those that are wanted."""
    if len(given) != len(wanted):
        raise Failed(f"{name} has {len(given)} values, expected are {len(wanted)}")
    for index, (one, other) in enumerate(zip(given, wanted, strict=True)):
        if not _close(one, other, tolerance):
            raise Failed(f"{name}[{index}] is {one}, expected is {other}")


def _close(given: Any, wanted: Any, tolerance: dict[str, float]) -> bool:
    numbers = [value for value in (given, wanted) if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numbers) == 2 and any(isinstance(value, float) for value in numbers):
        return math.isclose(given, wanted, rel_tol=tolerance["relative"], abs_tol=tolerance["absolute"])
    if wanted is None:  # what is not finite, in JSON
        return given is None or (isinstance(given, float) and not math.isfinite(given))
    return bool(given == wanted)


def _unpacked(name: str, datatype: str, raw: bytes) -> Iterator[Any]:
    if datatype == "BYTES":
        yield from _texts(name, raw)
        return
    size = struct.calcsize(FORMATS.get(datatype, "b"))
    if len(raw) % size:
        raise Failed(f"{name} has {len(raw)} bytes, which are no whole number of {datatype}")
    yield from struct.unpack(f"<{len(raw) // size}{FORMATS.get(datatype, 'b')}", raw)


def _texts(name: str, raw: bytes) -> Iterator[str]:
    at = 0
    while at < len(raw):
        end = at + 4 + struct.unpack_from("<I", raw.ljust(at + 4, b"\xff"), at)[0]
        if end > len(raw):
            raise Failed(f"{name}: a text ends beyond the data")
        yield raw[at + 4 : end].decode("utf-8", "replace")
        at = end


def _short(entry: Any) -> str:
    text = repr(entry)
    return text if len(text) < 100 else text[:100] + "…"
