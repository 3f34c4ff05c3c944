"""Answers that are kept for requests that come again, in bounded memory."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

from modelport_server.inference.joining import Feeds
from modelport_server.tensors import Array, as_array, to_bytes

ENTRY_BYTES = 500  # of a key, a list and what belongs to it, about


class Answers:
    """The arrays that models gave for the same inputs, the least recently asked for dropped first. For any thread.

    Attributes:
        limit: bytes that may be kept.
        size: bytes that are kept.
        hits: requests answered from here.
        misses: those that were not.
    """

    def __init__(self, limit: int):
        self.limit, self.size, self.hits, self.misses = limit, 0, 0, 0
        self._secret = secrets.token_bytes(32)  # so that nobody can make two requests that look the same
        self._kept: OrderedDict[bytes, tuple[list[Array], int]] = OrderedDict()
        self._lock = threading.Lock()

    def key(self, model: str, feeds: Feeds, outputs: Sequence[str]) -> bytes:
        """What stands for a request to the model of digest `model`."""
        digest = blake2b(key=self._secret, digest_size=32)
        described = [(name, array.dtype.str, array.shape) for name, array in sorted(feeds.items())]
        digest.update(repr((model, list(outputs), described)).encode())
        for name in sorted(feeds):
            digest.update(to_bytes(feeds[name]))
        return digest.digest()

    def get(self, key: bytes) -> list[Array] | None:
        """The arrays kept for `key`. They are shared: nobody may change them."""
        with self._lock:
            if (found := self._kept.get(key)) is None:
                self.misses += 1
                return None
            self.hits += 1
            self._kept.move_to_end(key)
            return found[0]

    def keep(self, key: bytes, arrays: list[Array]) -> None:
        """Keep `arrays`, and drop what must go for them; alone too large, they are not kept."""
        arrays = [_own(array) for array in arrays]
        size = ENTRY_BYTES + sum(_size(array) for array in arrays)
        if size > self.limit:
            return
        with self._lock:
            if (old := self._kept.pop(key, None)) is not None:
                self.size -= old[1]
            self._kept[key] = arrays, size
            self.size += size
            while self.size > self.limit:
                self.size -= self._kept.popitem(last=False)[1][1]


def _own(output: Array) -> Array:
    """The array itself, where it is a part of one for several requests, which would stay with it."""
    array = as_array(output)
    return array if array.base is None else array.copy()


def _size(array: Array) -> int:
    return len(to_bytes(array)) + 60 * array.size if array.dtype.kind == "O" else array.nbytes
