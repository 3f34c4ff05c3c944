from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelport.errors import ModelportError

from .quantity import Quantity


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a config: where it is, what is there, and what would be right.

    Attributes:
        path: of the field, like `scaling.max`; empty for the whole file.
        value: what is there, in one line as shown to people; empty when there is nothing to show, or it is secret.
        line, column: from 1.
    """

    message: str
    file: str = ""
    line: int | None = None
    column: int | None = None
    path: str = ""
    value: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part)
        subject = ": ".join(part for part in (self.path, self.value) if part)
        header = "  ".join(part for part in (place, subject) if part)
        return "\n  ".join(part for part in (header, self.message, self.hint) if part)


class ConfigError(ModelportError):
    """A service or stack file says something that modelport cannot use. Holds every problem, not only the first."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line or 0, problem.column or 0))
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n".join([*map(str, self.problems), f"{count}, nothing was changed."]))


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that the word most probably misspells, if any is near."""
    by_lower = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, choices: Collection[str]) -> str:
    """`Did you mean X?`, or what there is to choose from when nothing is near, or nothing."""
    near = nearest(word, choices)
    if near is not None:
        return f"Did you mean {near}?"
    return f"There is: {', '.join(choices)}." if choices else ""


def shown(value: Any) -> str:
    """A scalar as JSON on one short line, quantities with their units; not lists, mappings and credentials in URLs."""
    if isinstance(value, (list, tuple, dict)):
        return ""
    value = str(value) if isinstance(value, Quantity) else value
    text = re.sub(r"://[^/@\s]+@", "://***@", json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= 80 else f"{text[:76]} ..."


def shown_path(path: Path) -> str:
    """A path as people name it: relative to the current folder where it lies inside."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path)
