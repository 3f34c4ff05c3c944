"""Two plans of a stack beside each other: what a change to the repository does to each service on each target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from modelport import targets
from modelport.plan.change import Change, Effect, Kind

from .owners import Owner, Row, owners_of

PROVIDERS = "pulumi:providers:"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's word for a value that is not known yet."""


class Judgement(NamedTuple):
    """What becomes of a resource whose inputs differ, and who says so."""

    kind: Kind
    source: str


Judge = Callable[[Row, Row, Sequence[str]], Judgement]
"""Is given the resource before and after, and the paths that differ."""


@dataclass(frozen=True)
class Changed:
    """What changes of one service on one target, or of what the stack has besides services."""

    owner: Owner
    changes: tuple[Change, ...]

    @property
    def is_new(self) -> bool:
        """Whether there was nothing of it before."""
        return all(each.kind == "create" for each in self.changes)

    @property
    def effect(self) -> Effect:
        """What this is to callers; of a service only."""
        return targets.load(self.owner.target).effects(self.changes)


def compare_plans(base: Sequence[Row], head: Sequence[Row], judge: Judge) -> list[Changed]:
    """What differs between two plans, by owner in the order of the head's resources; nothing where nothing does."""
    before, after = _custom(base), _custom(head)
    owners = {**owners_of(base), **owners_of(head)}
    found: dict[Owner, list[Change]] = {}
    for urn in dict.fromkeys([*after, *before]):
        if change := _change(before.get(urn), after.get(urn), judge):
            found.setdefault(owners[urn], []).append(change)
    return [Changed(owner, tuple(changes)) for owner, changes in found.items()]


def below(path: str, key: str) -> str:
    """The path of a property in what is at a path; empty is the whole."""
    return f"{path}.{key}" if path else key


def differing(old: Any, new: Any, path: str = "", below: Callable[[str, str], str] = below) -> Iterator[str]:
    """The paths at which values differ, no deeper than both have something; a list of another length is one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from differing(old.get(key), new.get(key), below(path, key), below)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differing(one, other, f"{path}[{number}]", below)
    elif old != new:
        yield path


def _custom(rows: Sequence[Row]) -> dict[str, Row]:
    """What a provider makes, by its URN."""
    return {row["urn"]: row for row in rows if row.get("custom") and not row["type"].startswith(PROVIDERS)}


def _change(old: Row | None, new: Row | None, judge: Judge) -> Change | None:
    row = new or old
    assert row is not None
    what = {"urn": row["urn"], "type": row["type"], "name": row["urn"].rpartition("::")[2]}
    if old is None or new is None:
        return Change(**what, kind="create" if old is None else "delete")
    fields = tuple(differing(old.get("inputs", {}), new.get("inputs", {})))
    if not fields:
        return None
    kind, source = judge(old, new, fields)
    return Change(**what, kind=kind, fields=fields, source=source)
