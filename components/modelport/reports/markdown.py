"""Markdown of words of our own and text of others, which is always code: there it is no markup, mention or link."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

SPACE = re.compile(r"\s+")
PIPE = re.compile(r"\\*\|")
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def seen(text: str) -> str:
    """The text in one line without what nobody sees, such as controls and marks that turn its direction."""
    return "".join(" " if each.isspace() or unicodedata.category(each) in UNSEEN else each for each in text)


def code(text: str) -> str:
    """Text of others, in one line, also in a cell of a table, where two backslashes would free the pipe after them."""
    line = SPACE.sub(" ", seen(text)).strip().replace("`", "'").replace("<!--", "<! --")
    line = PIPE.sub(r"\\|", line)
    return f"`{line}`" if line else ""


def table(*heads: str) -> tuple[str, str]:
    """The first lines of a table."""
    return row(heads), "|" + "---|" * len(heads)


def row(cells: Iterable[str]) -> str:
    """A line of a table; its cells are Markdown."""
    return f"| {' | '.join(cells)} |"
