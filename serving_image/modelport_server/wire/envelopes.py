"""What stands around the numbers of a JSON request and was read before: a client sends it again, with other numbers.

Of requests with one input, whose values are a flat list.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from modelport_server import tensors
from modelport_server.bundle import Bundle
from modelport_server.tensors import Inference
from modelport_server.wire import bulk

MOST_BYTES = 1024  # of an envelope; with MOST_KEPT, what clients can make us keep
MOST_KEPT = 1024
LEAST_BYTES = 600  # of a list of numbers, to gain by an array
DATA = b'"data"'
PROBE = [None]


class Parted(NamedTuple):
    """A body: the `values` of its only input, and what is around them, the same for every request of its kind."""

    around: tuple[bytes, ...]
    values: bytes


class Envelope(NamedTuple):
    """What it said: the inference but for its values, and their input and shape."""

    inference: Inference
    name: str
    shape: tuple[int, ...]


_kept: dict[tuple[str, tuple[bytes, ...]], Envelope] = {}


def parted(body: bytes) -> Parted | None:
    """The first list of the first `data` of a body, and what is before and behind it; None where there is none."""
    start = body.find(b"[", body.find(DATA) + len(DATA))
    end = body.find(b"]", start) + 1
    if not (0 < start < end) or start + len(body) - end > MOST_BYTES:
        return None
    return Parted((body[:start], body[end:]), body[start:end])


def find(found: Parted, bundle: Bundle) -> Envelope | None:
    """What all around the values said before."""
    return _kept.get((bundle.digest, found.around))


def read(found: Parted, bundle: Bundle) -> Inference | None:
    """The inference, if there was one before with all that is around the values; None, too, where they are no list.

    Raises:
        Rejected: as `tensors.from_list`.
    """
    known = find(found, bundle)
    if known is None or (numbers := values(found.values)) is None:
        return None
    inference, name, shape = known
    array = tensors.from_list(numbers, shape, bundle.inputs_by_name[name])
    return Inference({name: array}, inference.outputs, inference.id, inference.binary)


def keep(found: Parted, read: Inference, bundle: Bundle) -> None:
    """Remember what is around the values of a request that was right, if they are those of its only input."""
    if len(read.feeds) != 1 or read.id is not None or not _surrounds(found):
        return
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    ((name, array),) = read.feeds.items()
    _kept[bundle.digest, found.around] = Envelope(Inference({}, read.outputs, None, read.binary), name, array.shape)


def values(text: bytes) -> Any:
    """A list in JSON, or an array where it is a long one of numbers; None where it is neither."""
    if len(text) >= LEAST_BYTES and (numbers := bulk.flat(text)) is not None:
        return numbers
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _surrounds(found: Parted) -> bool:
    """Whether another list in this place is the data of the first input, and not of something that looks so."""
    try:
        probed = orjson.loads(orjson.dumps(PROBE).join(found.around))
    except orjson.JSONDecodeError:
        return False
    return bool(probed["inputs"][0].get("data") == PROBE)
