"""Where a command speaks: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


@cache
def console(*, stderr: bool = False) -> Console:
    """The terminal, for what is more than plain text."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False)


def say(text: str = "", style: str | None = None) -> None:
    """A line of plain text on standard output; brackets in it are only brackets."""
    if style:
        console().print(text, markup=False, style=style)
    else:
        print(text, flush=True)


def say_json(value: Any) -> None:
    """The result of a command as one JSON document on standard output."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def tell(text: str) -> None:
    """A line of plain text on standard error."""
    print(text, file=sys.stderr, flush=True)


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: `1 error`, `2 errors`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines of text, with their cells below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
