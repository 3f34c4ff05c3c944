from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A line of a file that people can change: its path from the repository's root, and its number from 1."""

    file: str
    line: int
