"""What containers said last, where something that runs them did not come up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec

Speaker = Callable[[str, str], Iterable[str]]
"""Gives the last lines of what has a name and is in a region; none where they cannot be read."""


def speakers() -> dict[str, Speaker]:
    """Who tells them, by the type token of what did not come up. Imports no cloud's SDK."""
    return {token: speaker for module in _modules() for token, speaker in import_module(module).SPEAKERS.items()}


def _modules() -> Iterator[str]:
    from . import NAMES

    return (module for name in NAMES if find_spec(module := f"{__package__}.{name}.last_words"))
