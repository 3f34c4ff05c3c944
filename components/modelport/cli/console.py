"""Where a command speaks: results on standard output, everything else on standard error."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def say(text: str = "", style: str | None = None) -> None:
    """A line of plain text on standard output; brackets in it are only brackets."""
    out.print(text, markup=False, style=style)


def say_json(value: Any) -> None:
    """The result of a command as one JSON document on standard output."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def tell(text: str) -> None:
    """A line of plain text on standard error."""
    err.print(text, markup=False)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines of text, with their cells below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
