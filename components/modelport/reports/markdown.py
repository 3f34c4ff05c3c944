"""Markdown of words of our own and text of others, which is always code: there it is no markup, mention or link."""

from __future__ import annotations

import re
from collections.abc import Iterable

SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")


def code(text: str) -> str:
    """Text of others, in one line, also in a cell of a table."""
    line = SPACE.sub(" ", text).strip().replace("`", "'").replace("|", "\\|")
    return f"`{line}`" if line else ""


def table(*heads: str) -> tuple[str, str]:
    """The first lines of a table."""
    return row(heads), "|" + "---|" * len(heads)


def row(cells: Iterable[str]) -> str:
    """A line of a table; its cells are Markdown."""
    return f"| {' | '.join(cells)} |"
