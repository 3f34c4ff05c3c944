"""Large JSON bodies: long lists of numbers become arrays, without an object for each number.

What this reader is not sure of it does not read: the usual one, which knows every rule, then says what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from modelport_server.tensors import Array

LEAST_BYTES = 16_384  # below, there is little to gain
LEAST_NUMBERS = 256
TYPES = {"i": np.int64, "d": np.float64}  # as simdjson calls them


def read(text: bytes) -> Any:
    """What JSON says, with an array of INT64 or FP64 for each long list of numbers, nested or not; None: not sure."""
    import simdjson

    try:
        content = _plain(simdjson.Parser().parse(text), simdjson)
        # simdjson flattens lists within lists without a word: as many brackets as there are lists say that it did not
        return content if text.count(b"[") == _brackets(content) else None
    except (ValueError, RuntimeError, RecursionError):
        return None


def flat(text: bytes) -> Array | None:
    """The numbers of a list, as an array of INT64 or FP64, if there is nothing else in it; None: not sure."""
    if text.find(b"[", 1) > 0:  # a list in it, which simdjson would flatten
        return None
    import simdjson

    try:
        return _array(simdjson.Parser().parse(text), "d" if b"." in text else "id")
    except (ValueError, RuntimeError):
        return None


def _plain(value: Any, simdjson: Any) -> Any:
    if isinstance(value, simdjson.Object):
        keys = list(value)
        if len(set(keys)) != len(keys) or any("\0" in key for key in keys):
            raise ValueError("simdjson would find another value")
        return {key: _plain(value[key], simdjson) for key in keys}  # items() would make lists of everything inside
    if not isinstance(value, simdjson.Array):
        return value
    numbers = _numbers(value, simdjson)
    return [_plain(item, simdjson) for item in value] if numbers is None else numbers


def _numbers(value: Any, simdjson: Any) -> Array | None:
    shape = _shape(value, simdjson)
    if shape is None or math.prod(shape) < LEAST_NUMBERS:
        return None
    numbers = _array(value)
    return None if numbers is None else numbers.reshape(shape)


def _array(value: Any, codes: str = "id") -> Array | None:
    for code in codes:
        try:
            return np.frombuffer(value.as_buffer(of_type=code), TYPES[code])
        except TypeError:  # not all of them are such numbers
            continue
    return None


def _shape(value: Any, simdjson: Any) -> tuple[int, ...] | None:
    """How lists are nested that are all as long as their neighbours; None where they are not."""
    shape: list[int] = []
    level: Sequence[Any] = [value]
    while all(isinstance(each, simdjson.Array) for each in level):
        sizes = set(map(len, level))
        if len(sizes) != 1 or not (size := sizes.pop()):
            return None
        shape.append(size)
        if not isinstance(level[0][0], simdjson.Array):
            return tuple(shape)
        level = [item for each in level for item in each]
    return None


def _brackets(content: object) -> int:
    """How often `[` stands in what was read."""
    if isinstance(content, np.ndarray):
        return sum(math.prod(content.shape[:depth]) for depth in range(content.ndim))
    if isinstance(content, list):
        return 1 + sum(_brackets(item) for item in content)
    if isinstance(content, dict):
        return sum(key.count("[") + _brackets(item) for key, item in content.items())
    return content.count("[") if isinstance(content, str) else 0
