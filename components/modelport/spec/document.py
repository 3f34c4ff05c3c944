from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .problem import ConfigError, Problem

Keys = tuple[str | int, ...]

MAX_DEPTH = 40


@dataclass(frozen=True)
class Mark:
    """Where something stands: a file (or what else it comes from) and, in a file, line and column from 1.

    Attributes:
        number: how a number is written there: 1.20 is not 1.2 when it is a version.
    """

    origin: str
    line: int | None = None
    column: int | None = None
    number: str = ""


@dataclass(frozen=True)
class Document:
    """Plain data with the place that each part of it comes from.

    Attributes:
        data: mappings, lists and scalars.
        marks: place of each key and list item by its path.
    """

    data: Any
    marks: Mapping[Keys, Mark] = field(default_factory=dict)
    origin: str = ""

    @classmethod
    def of(cls, data: Any, origin: str) -> Document:
        """Data that stands in no file.

        Raises:
            ConfigError: it is nested too deep, or contains itself.
        """
        return cls(data, {keys: Mark(origin) for keys in _paths(data, (), origin)}, origin)

    def mark(self, keys: Keys) -> Mark:
        """The place of a path, or of the nearest part that there is around it."""
        while keys and keys not in self.marks:
            keys = keys[:-1]
        return self.marks.get(keys) or Mark(self.origin)

    def value(self, keys: Keys) -> Any:
        """What stands at a path; None where nothing does."""
        data = self.data
        for key in keys:
            try:
                data = data[key]
            except (LookupError, TypeError):
                return None
        return data

    def at(self, *keys: str) -> Document:
        """The part at a path."""
        depth = len(keys)
        marks = {path[depth:]: mark for path, mark in self.marks.items() if path[:depth] == keys}
        return Document(self.value(keys), marks, self.origin)

    def without_encrypted(self) -> Document:
        """This document without the values that Pulumi has encrypted; a list with one in it is left out as a whole."""
        return replace(self, data=_without_encrypted(self.data))

    def merged(self, over: Document) -> Document:
        """This document with another one laid over it: mappings merge, everything else is replaced."""
        return Document(_merged(self.data, over.data), {**self.marks, **over.marks}, self.origin)


def path_text(keys: Keys) -> str:
    """A path as people write it: `scaling.schedule[0].min`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


def _merged(below: Any, over: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(over, dict)):
        return over
    return {**below, **{key: _merged(below[key], value) if key in below else value for key, value in over.items()}}


def _encrypted(data: Any) -> bool:
    if isinstance(data, list):
        return any(_encrypted(item) for item in data)
    return isinstance(data, dict) and list(data) == ["secure"]


def _without_encrypted(data: Any) -> Any:
    if isinstance(data, list):
        return [_without_encrypted(item) for item in data]
    if isinstance(data, dict):
        return {key: _without_encrypted(value) for key, value in data.items() if not _encrypted(value)}
    return data


def _paths(data: Any, keys: Keys, origin: str) -> Iterator[Keys]:
    if len(keys) > MAX_DEPTH:
        raise ConfigError([Problem(f"nested more than {MAX_DEPTH} levels deep.", origin, path=path_text(keys[:3]))])
    yield keys
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from _paths(value, (*keys, key), origin)
