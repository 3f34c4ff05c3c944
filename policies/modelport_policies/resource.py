"""What a control looks at. Secrets are unwrapped; reading a value that is not known yet raises `UnknownValueError`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy.proxy import UnknownValueError

__all__ = ["Resource", "UnknownValueError", "at", "is_set", "items", "mapping"]


@dataclass(frozen=True)
class Resource:
    """One resource of a stack; `stack` holds all of them when the control judges the stack as a whole."""

    type: str
    name: str
    urn: str
    inputs: Mapping[str, Any]
    stack: Sequence[Resource] = field(default=(), repr=False, compare=False)

    def at(self, *keys: str) -> Any:
        """The input at this path, None where it is missing."""
        return at(self.inputs, *keys)


def at(value: Any, *keys: str) -> Any:
    """The value at this path of nested mappings, None where a step is missing or no mapping."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> Sequence[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def is_set(values: Any, key: str) -> bool:
    """Whether the key has a value, be it one that is not known yet."""
    try:
        value = at(values, key)
    except UnknownValueError:
        return True
    return value is not None and value != ""
