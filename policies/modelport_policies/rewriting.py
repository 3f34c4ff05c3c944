"""How inputs are completed: what is missing is filled in; what is said stays, and what is not known yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY

Fill = tuple[tuple[str | int, ...], Any]
"""A path, and what belongs there."""
DEFAULTS = "__defaults"
"""Where providers made from Terraform's list the properties that nobody said."""


def filled(value: Any, path: Sequence[str | int], new: Any) -> Any:
    """Inputs, as they go over the wire, with a value at a path where they say nothing."""
    if value is None:
        return nested(path, new)
    if not path:
        return value
    key, *rest = path
    if isinstance(value, Mapping):
        if SPECIAL_SIG_KEY in value:
            is_secret = value[SPECIAL_SIG_KEY] == SPECIAL_SECRET_SIG
            return {**value, "value": filled(value["value"], path, new)} if is_secret else value
        if not rest and key in (value.get(DEFAULTS) or ()):
            return {**value, key: new, DEFAULTS: [each for each in value[DEFAULTS] if each != key]}
        return {**value, key: filled(value.get(key), rest, new)}
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return [*value[:key], filled(value[key], rest, new), *value[key + 1 :]]
    return value


def nested(path: Sequence[str | int], value: Any) -> Any:
    """A value in a mapping for each step of a path."""
    for key in reversed(path):
        value = {key: value}
    return value
