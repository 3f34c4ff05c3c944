"""Findings that somebody accepts for a while: who, why, until when. What is wrong with an entry voids it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

LONGEST = timedelta(days=366)

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]


class Exemption(BaseModel):
    """One accepted finding."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    control: Words
    """Id of the control."""

    urn: Words
    """Glob over the URNs of the resources: it holds stack, project, type and name."""

    owner: Words
    """Who answers for it."""

    reason: Reason
    """Why it is acceptable, in at least ten characters."""

    expires: date
    """Last day on which it holds, at most a year away."""

    def __str__(self) -> str:
        return f"exempt until {self.expires} by {self.owner}: {self.reason}"


def parse(file: Path, controls: Collection[str], today: date) -> tuple[list[Exemption], list[str]]:
    """The exemptions of a file that hold, and what is wrong with the others (`FILE:LINE  field: problem`)."""
    try:
        entries = YAML().load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError) as error:  # ValueError: no UTF-8, or a date that no calendar has
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else f"{file}"
        return [], [f"{place}  cannot be read: {summary(error)}"]
    if not isinstance(entries, list | None):
        return [], [f"{file}:1  is not a list of exemptions"]
    held, problems = [], []
    for number, entry in enumerate(entries or []):
        wrong = list(faults(entry, controls, today))
        problems += [f"{file}:{line(entries, number, field)}  {field}: {fault}" for field, fault in wrong]
        if not wrong:
            held.append(Exemption.model_validate(entry))
    return held, problems


def faults(entry: Any, controls: Collection[str], today: date) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry, as (field, problem)."""
    try:
        exemption = Exemption.model_validate(entry)
    except ValidationError as error:
        for each in error.errors():
            yield ".".join(str(part) for part in each["loc"]) or "entry", each["msg"].lower()
        return
    if exemption.control not in controls:
        yield "control", f"{exemption.control} is no control; see docs/policies.md for the ids"
    if exemption.expires < today:
        yield "expires", f"{exemption.expires} has passed: {exemption.owner} renews it or removes the entry"
    elif exemption.expires > today + LONGEST:
        yield "expires", f"{exemption.expires} is more than {LONGEST.days} days away"


def line(entries: Any, number: int, field: str) -> int:
    """Line of an entry's field, of the entry itself where it lacks the field."""
    entry = entries[number]
    row, _column = entry.lc.key(field) if field in entry else entries.lc.item(number)
    return int(row) + 1


def summary(error: Exception) -> str:
    """A parser's message in one line."""
    return str(getattr(error, "problem", None) or error).splitlines()[0]
