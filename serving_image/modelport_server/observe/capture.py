"""Records of inferences and of what was right: JSON, one on each line, in one documented form."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from modelport_server import tensors
from modelport_server.observe.context import is_sampled
from modelport_server.observe.logs import timestamp
from modelport_server.observe.metrics import Family
from modelport_server.observe.redaction import Columns, Redaction, without_columns
from modelport_server.observe.writer import Record, Sink, Writer

if TYPE_CHECKING:
    from modelport_server.bundle import Bundle
    from modelport_server.observe.seen import Seen
    from modelport_server.tensors import Array

SCHEMA = "modelport.capture/1"
OVERHEAD = 1024  # bytes of a record in the queue beside its values, about
LEAST_JSON = 2  # bytes of a value and its comma


class Held(NamedTuple):
    """A tensor in the queue; without an array, its values are too many for a record, or redacted."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    array: Array | None
    columns: Columns


class Capture:
    """Writes a sample of all inferences, and every feedback.

    Args:
        sink: where records go.
        share: of the inferences, 0 to 1, by the hash of their id.
        redact: names of tensors and columns whose values are in no record.
        max_bytes: that a record may have; values beyond are left out.
    """

    def __init__(self, sink: Sink, share: float, redact: Iterable[str], max_bytes: int):
        self.max_bytes = max_bytes
        self._share = share
        self._redaction = Redaction(redact)
        self._writer = Writer(sink)

    def take(self, bundles: Iterable[Bundle]) -> None:
        """The models that will serve.

        Raises:
            UnknownName: none of them has what is to be redacted.
        """
        self._redaction.take(bundles)

    def inference(self, seen: Seen) -> None:
        """Record an inference, if it is in the sample. Neither raises nor waits."""
        if not is_sampled(seen.id, self._share):
            return
        bundle = seen.model.bundle
        head = {
            "inference_id": seen.id,
            "trace_id": seen.trace_id,
            "model": bundle.name,
            "version": bundle.version,
            "digest": bundle.digest,
            "route": seen.route,
            "duration_seconds": round(seen.seconds, 9),
            "code": seen.code,
        }
        inputs = self._held(bundle, seen.asked.feeds.items())
        outputs = self._held(bundle, zip(seen.asked.outputs, seen.arrays, strict=False))
        started, most = seen.started, self.max_bytes  # and not what was seen, whose arrays may be large
        size = OVERHEAD + sum(_size(held.array) for held in (*inputs, *outputs) if held.array is not None)
        make = lambda: _line(_head("inference", started) | head, inputs, outputs, most)  # noqa: E731
        self._writer.put(Record("inference", size, make))

    def feedback(self, content: dict[str, Any]) -> bool:
        """Record what was right for an inference; whether there is room."""
        line = orjson.dumps(_head("feedback", time.time()) | content, option=orjson.OPT_APPEND_NEWLINE)
        return self._writer.put(Record("feedback", len(line), lambda: line))

    def families(self) -> list[Family]:
        """What was written and what was not."""
        written, dropped = ([*counter.items()] for counter in (self._writer.written, self._writer.dropped))
        return [
            Family(
                "modelport_capture_records_total",
                "counter",
                "Captured records that were written, by kind.",
                [({"kind": kind}, count) for kind, count in written],
            ),
            Family(
                "modelport_capture_dropped_total",
                "counter",
                "Records that were lost: the queue was full, writing failed, or the record could not be made.",
                [({"reason": reason}, count) for reason, count in dropped],
            ),
        ]

    def close(self, limit: float) -> None:
        """Write what is waiting, for at most `limit` seconds."""
        self._writer.close(limit)

    def _held(self, bundle: Bundle, named: Iterable[tuple[str, Any]]) -> list[Held]:
        redacted, held = self._redaction.of(bundle), []
        for name, given in named:
            array = tensors.as_array(given)
            columns = redacted.get(name, ())
            fits = columns is not None and self._may_fit(array)
            owned = (array if array.base is None else array.copy()) if fits else None  # not all of a batch with it
            held.append(Held(name, tensors.NAMES.get(array.dtype, str(array.dtype)), array.shape, owned, columns))
        return held

    def _may_fit(self, array: Array) -> bool:
        return LEAST_JSON * array.size <= self.max_bytes and _size(array) <= 8 * self.max_bytes


def _line(head: dict[str, Any], inputs: Iterable[Held], outputs: Iterable[Held], most: int) -> bytes:
    """A record of at most `most` bytes, if need be without its largest values; never without names and shapes."""
    entries = {kind: [_entry(held) for held in side] for kind, side in (("inputs", inputs), ("outputs", outputs))}
    line = _dumped(head, entries)
    for entry, values in sorted(chain(*entries.values()), key=lambda pair: len(pair[1]), reverse=True):
        if len(line) <= most or not values:
            break
        del entry["data"]
        entry["left_out"] = "size"
        line = _dumped(head, entries)
    return line


def _head(kind: str, seconds: float) -> dict[str, Any]:
    return {"schema": SCHEMA, "kind": kind, "time": timestamp(seconds)}


def _entry(held: Held) -> tuple[dict[str, Any], bytes]:
    """A tensor as it is recorded, and its values in JSON where they are in it."""
    entry: dict[str, Any] = {"name": held.name, "datatype": held.datatype, "shape": held.shape}
    if held.columns is None or held.array is None:
        return {**entry, "left_out": "redacted" if held.columns is None else "size"}, b""
    if held.columns:
        entry["redacted"] = held.columns
        values: Any = without_columns(held.array, held.columns)
    else:
        values = tensors.to_json(held.array.ravel())
    data = orjson.dumps(values, _text, orjson.OPT_SERIALIZE_NUMPY)
    return {**entry, "data": orjson.Fragment(data)}, data


def _dumped(head: dict[str, Any], entries: dict[str, list[tuple[dict[str, Any], bytes]]]) -> bytes:
    sides = {kind: [entry for entry, _ in side] for kind, side in entries.items()}
    return orjson.dumps(head | sides, option=orjson.OPT_APPEND_NEWLINE)


def _size(array: Array) -> int:
    if array.dtype.kind != "O":
        return array.nbytes
    return sum(len(value) for value in array.ravel() if isinstance(value, (str, bytes)))


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
