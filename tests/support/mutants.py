"""Stacks with one small change, and whether the pack notices it.

A mutant is a resource of which one value is gone, or is another one: a boolean the other way round, another word in
its place (`words.yaml`), a range of addresses that is the whole world, a principal that is anybody. Its change is
called `path` where the value is gone, and else `path=value`; `[]` stands for a place in a list.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from support.golden import FOLDER
from support.hardened import CLOUDS, HARDENED, POLICIES, around, further, hardened, read
from support.judged import token
from support.references import row, rows

from modelport_policies.control import Control
from modelport_policies.controls import catalogue
from modelport_policies.kubernetes import DEPLOYMENT
from modelport_policies.resource import Resource, Stack
from modelport_policies.review import stack_of

Way = tuple[str | int, ...]
WORDS: dict[str, list[str]] = read(POLICIES / "words.yaml")
PLANNED = {
    "fraud": "modelport:kubernetes:Service",
    "fraud-bundle-blue": "modelport:artifact:Image",
    "gpuPools": "modelport:kubernetes:GpuPools",
}
"""What in golden files is no object of Kubernetes, by name."""
WORLD, ANY = "0.0.0.0/0", "*"
RANGE = re.compile(r"[\d.]+/\d+")
ANYBODY = {
    re.compile(r"\.Principal(\.\w+)?(\[\])?$"): "*",
    re.compile(r"\.(member|members\[\])$"): "allUsers",
}
"""Who stands for everybody, by the end of the path of a principal."""


@dataclass(frozen=True)
class Mutant:
    """A resource with a change in one of its properties."""

    type: str
    change: str
    property: str
    inputs: Any

    def __str__(self) -> str:
        return f"{self.type} {self.change}"


def mutants(type_: str, inputs: Any) -> Iterator[Mutant]:
    """Every mutant of a resource."""
    for path, value in leaves(inputs):
        place = "".join("[]" if isinstance(key, int) else f".{key}" for key in path if key != "json").lstrip(".")
        yield Mutant(type_, place, str(path[0]), changed(inputs, path))
        for other in others(f"{type_.rpartition(':')[2]}.{place}", value):
            name = str(other).lower() if isinstance(other, bool) else other
            yield Mutant(type_, f"{place}={name}", str(path[0]), changed(inputs, path, other))


def leaves(value: Any, path: Way = ()) -> Iterator[tuple[Way, Any]]:
    """The way to every value that has none within."""
    within = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if path and not within:
        yield path, value
    for key, each in within:
        yield from leaves(each, (*path, key))


def changed(value: Any, path: Way, *new: Any) -> Any:
    """A tree with another value where a path leads, or without one."""
    key, *rest = path
    copy = value.copy()
    if rest:
        copy[key] = changed(value[key], tuple(rest), *new)
    elif new:
        copy[key] = new[0]
    else:
        del copy[key]
    return copy


def others(place: str, value: Any) -> Iterator[Any]:
    """What else a value could be."""
    if isinstance(value, bool):
        yield not value
    if isinstance(value, str):
        everybody = {anybody for end, anybody in ANYBODY.items() if end.search(place)}
        everywhere = {WORLD} if RANGE.fullmatch(value) else set()
        yield from sorted({*words(place, value), *everybody, *everywhere} - {value})


def words(place: str, value: str) -> Sequence[str]:
    """The words that can stand in this place: those of the longest of its endings that `words.yaml` has."""
    parts = place.replace("[]", "").split(".")
    endings = (".".join(parts[start:]) for start in range(len(parts)))
    found = next((WORDS[ending] for ending in endings if ending in WORDS), [])
    assert not found or value in found, f"{place}: {value!r} is not among the words {found}"
    return found


class World:
    """A stack that can have mutants; it knows what each control read in it, and how much that found."""

    def __init__(self, resources: Sequence[tuple[str, Any]]) -> None:
        self.resources = resources
        self.rows = rows(list(resources))
        self.first = {each["type"]: each["urn"] for each in reversed(self.rows)}
        self.stack = Exchanging(stack_of({"deployment": {"resources": self.rows}}))
        self.readers = readers(self.stack)

    def unnoticed(self) -> Iterator[Mutant]:
        """The mutants in which no control finds more than in the stack itself."""
        for place, (type_, inputs) in enumerate(self.resources):
            for mutant in mutants(type_, inputs):
                if not self.is_noticed(mutant, place):
                    yield mutant

    def is_noticed(self, mutant: Mutant, place: int) -> bool:
        """Whether a control that read what is changed now finds more."""
        whole, urn = self.stack[place], self.rows[place]["urn"]
        strange, *_ = stack_of({"deployment": {"resources": [row(mutant.type, urn, mutant.inputs, self.first)]}})
        self.stack.exchange(place, strange)
        try:
            return any(each.finds_more(self.stack) for key in (mutant.property, ANY) for each in self.readers[urn, key])
        finally:
            self.stack.exchange(place, whole)


@dataclass(frozen=True)
class Reader:
    """A control that looked at a resource, and how much it found."""

    control: Control
    place: int
    found: int

    def finds_more(self, stack: Stack) -> bool:
        return len(self.control.evaluate(stack[self.place]).violations) > self.found


class Exchanging(Stack):
    """A stack of which one resource after the other becomes another one."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        super().__init__([replace(each, stack=self) for each in resources])

    def exchange(self, place: int, resource: Resource) -> None:
        self[place] = replace(resource, stack=self)
        Stack.__init__(self, list(self))


def readers(stack: Stack) -> Mapping[tuple[str, str], list[Reader]]:
    """Who reads a property of a resource, `ANY` for those that look at all of them."""
    found: dict[tuple[str, str], list[Reader]] = defaultdict(list)
    watched = Watched(stack)
    for control in catalogue():
        for place, resource in enumerate(watched):
            if control.levels.regulated != "disabled" and resource.type in control.checks:
                watched.reads.clear()
                reader = Reader(control, place, len(control.evaluate(resource).violations))
                for read_ in watched.reads:
                    found[read_].append(reader)
    return found


class Watched(Stack):
    """A stack that notes which properties are read."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self.reads: set[tuple[str, str]] = set()
        super().__init__([self.watching(each) for each in resources])

    def watching(self, resource: Resource) -> Resource:
        inputs, dependencies = (
            Noting(each, resource.urn, self.reads) for each in (resource.inputs, resource.dependencies)
        )
        return replace(resource, inputs=inputs, dependencies=dependencies, stack=self)

    def by(self, key: Callable[[Resource], Hashable]) -> Mapping[Hashable, Sequence[Resource]]:
        """Group anew each time: each control reads for itself."""
        return Stack(self).by(key)


@dataclass(frozen=True)
class Noting(Mapping[str, Any]):
    """Properties that note which of them are read."""

    values_: Mapping[str, Any]
    urn: str
    reads: set[tuple[str, str]]

    def __getitem__(self, key: str) -> Any:
        self.reads.add((self.urn, key))
        return self.values_[key]

    def __iter__(self) -> Iterator[str]:
        self.reads.add((self.urn, ANY))
        return iter(self.values_)

    def __len__(self) -> int:
        self.reads.add((self.urn, ANY))
        return len(self.values_)


def worlds() -> Iterator[World]:
    """The stacks whose mutants are judged: the hardened ones, and what our own targets plan."""
    for cloud in CLOUDS:
        yield World([*around(next(iter(cloud))).items(), *further(next(iter(cloud)), [])])
    cluster = [*around(DEPLOYMENT).items(), *further(DEPLOYMENT, [])]
    yield World([*cluster[1:], (DEPLOYMENT, hardened(DEPLOYMENT, (HARDENED["gpu"], HARDENED["image"])))])
    yield from (World([*cluster, autoscaler]) for autoscaler in HARDENED["autoscalers"].items())
    yield from (World(list(planned(file))) for file in sorted(FOLDER.glob("kubernetes*.json")))


def planned(file: Path) -> Iterator[tuple[str, Any]]:
    """The resources of a golden file by their types."""
    for name, inputs in json.loads(file.read_text().replace("sha256:DIGEST", f"sha256:{'a' * 64}")).items():
        yield PLANNED.get(name) or token(inputs), inputs
