"""Findings that somebody accepts for a while: who, why, until when. What is wrong with an entry voids it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from ruamel.yaml import YAML

from modelport_policies.controls.governance import OF_EXEMPTIONS
from modelport_policies.register import Entry
from modelport_policies.resource import Resource, several

LONGEST = timedelta(days=366)
MOVED = {"control": "write `rules: [ID]` in its place", "urn": "write `match: {urn: GLOB}` in its place"}

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]
Globs = Annotated[list[Annotated[str, StringConstraints(min_length=1)]], BeforeValidator(several), Field(min_length=1)]


class Match(BaseModel):
    """The resources that an exemption is about: each field that is given must match, by one of its globs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    urn: Globs = []
    """Of the resource: it holds stack, project, type and name."""

    type: Globs = []
    """As the program says it, or as the controls know it."""

    name: Globs = []
    """The logical name."""

    stack: Globs = []
    """The stack's name, without organisation and project."""

    @model_validator(mode="after")
    def _says_which(self) -> Match:
        if not self.model_fields_set:
            raise ValueError("give at least one of urn, type, name and stack")
        return self

    def covers(self, resource: Resource) -> bool:
        """Whether it is about this resource."""
        head, _project, types, name = parts(resource.urn)
        written = types.rpartition("$")[2]
        given = (
            (self.urn, [resource.urn]),
            (self.type, [written, resource.type]),
            (self.name, [name]),
            (self.stack, [head.rpartition(":")[2]]),
        )
        return all(_any(globs, texts) for globs, texts in given if globs)

    def names(self, resource: Resource) -> bool:
        """Whether it names the stack of this resource."""
        head, project, *_ = parts(resource.urn)
        if self.stack:
            return _any(self.stack, [head.rpartition(":")[2]])
        begins = ["::".join(glob.split("::")[:2]) for glob in self.urn if glob.startswith("urn:")]
        return _any(begins, [f"{head}::{project}"])


class Exemption(BaseModel):
    """One or more controls whose findings are accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Words | None = None
    """What reports call it."""

    rules: list[Words] = Field(min_length=1)
    """Ids of the controls."""

    match: Match
    """The resources."""

    owner: Words
    """Who answers for it."""

    reason: Reason
    """Why it is acceptable, in at least ten characters."""

    ticket: Words
    """Where it was agreed."""

    created: date
    """Day on which it was agreed."""

    expires: date
    """Last day on which it holds, at most a year after `created`."""

    compensatingControl: Words | None = None
    """What protects in the meantime."""

    def __str__(self) -> str:
        instead = f"; in the meantime: {self.compensatingControl}" if self.compensatingControl else ""
        return f"exempt until {self.expires} by {self.owner} ({self.ticket}): {self.reason}{instead}"


def parse(file: Path, controls: Collection[str], today: date) -> Iterator[Entry]:
    """What a file says, entry by entry; one entry that is wrong for a file that cannot be read."""
    try:
        entries = YAML().load(file.read_text(encoding="utf-8"))
    except Exception as error:  # the parser has more than its own: ValueError, AttributeError, RecursionError ...
        mark = getattr(error, "problem_mark", None)
        yield unread(file, mark.line + 1 if mark else 1, f"cannot be read: {summary(error)}")
        return
    if not isinstance(entries, list | None):
        yield unread(file, 1, "is not a list of exemptions")
        return
    for number, given in enumerate(entries or ()):
        exemption, wrong = read(given, controls, today)
        expired = bool(exemption and not wrong and exemption.expires < today)
        if exemption and expired:
            passed = f"{exemption.expires} has passed: {exemption.owner} renews it or removes the entry"
            wrong = [(("expires",), passed)]
        problems = [
            f"{file}:{line(entries, number, field)}  {'.'.join(map(str, field)) or 'entry'}: {fault}"
            for field, fault in wrong
        ]
        yield Entry(str(file), line(entries, number), exemption, tuple(problems), expired)


def unread(file: Path, row: int, why: str) -> Entry:
    """What stands for a file that says nothing."""
    return Entry(str(file), row, problems=(f"{file}:{row}  {why}",))


Fault = tuple[Sequence[str | int], str]
"""A field by its path, and what is wrong with it."""


def read(given: Any, controls: Collection[str], today: date) -> tuple[Exemption | None, list[Fault]]:
    """An entry, and what is wrong with it; that it has expired is not."""
    if isinstance(given, dict) and (old := MOVED.keys() & given.keys()):
        return None, [((field,), MOVED[field]) for field in sorted(old)]
    try:
        exemption = Exemption.model_validate(given)
    except ValidationError as error:
        return None, [(each["loc"], each["msg"].removeprefix("Value error, ").lower()) for each in error.errors()]
    return exemption, list(faults(exemption, controls, today))


def faults(exemption: Exemption, controls: Collection[str], today: date) -> Iterator[Fault]:
    """What no type says of an entry."""
    for number, rule in enumerate(exemption.rules):
        if rule == OF_EXEMPTIONS:
            yield ("rules", number), f"{rule} is about the exemptions, and has none"
        elif rule not in controls:
            nearest = get_close_matches(rule.upper(), controls, n=1, cutoff=0)
            yield ("rules", number), f"{rule} is no control. Did you mean {', '.join(nearest)}?"
    if exemption.created > today:
        yield ("created",), f"{exemption.created} is in the future"
    if exemption.expires < exemption.created:
        yield ("expires",), f"{exemption.expires} is before created"
    if exemption.expires > exemption.created + LONGEST:
        yield ("expires",), f"{exemption.expires} is more than {LONGEST.days} days after created"


def line(entries: Any, number: int, field: Sequence[str | int] = ()) -> int:
    """Line of an entry's field; of the part of it that is there where the entry lacks the field."""
    row, value = entries.lc.item(number)[0], entries[number]
    for part in field:
        places = getattr(getattr(value, "lc", None), "data", None) or {}
        if part not in places:
            break
        row, value = places[part][0], value[part]
    return int(row) + 1


def parts(urn: str) -> list[str]:
    """`urn:pulumi:STACK`, project, types and name of a URN."""
    return (urn.split("::", 3) + [""] * 3)[:4]


def summary(error: Exception) -> str:
    """A parser's message in one line."""
    return (str(getattr(error, "problem", None) or error).splitlines() or [type(error).__name__])[0]


def _any(globs: Sequence[str], texts: Sequence[str]) -> bool:
    return any(fnmatchcase(text, glob) for glob in globs for text in texts)
