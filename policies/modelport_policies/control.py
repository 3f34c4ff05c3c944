"""The frame: a control is an id, its prose, a level per profile, and a check per resource type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, NamedTuple, get_args

from modelport_policies.errors import PolicyError
from modelport_policies.resource import Resource, UnknownValueError

Level = Literal["mandatory", "advisory", "disabled"]
Profile = Literal["baseline", "standard", "regulated"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

Check = Callable[[Resource], Iterable[str]]
"""Yields a message per violation; its docstring is the rule in the reference page."""


class NotApplicable(Exception):
    """Raised by a check: the control says nothing about this resource, for this reason."""


class Levels(NamedTuple):
    """The level of a control in each profile."""

    baseline: Level
    standard: Level
    regulated: Level


@dataclass(frozen=True)
class Outcome:
    """What a control found on one resource: evaluated, unless `undecided` or `not_applicable` says why not."""

    violations: tuple[str, ...] = ()
    undecided: UnknownValueError | None = None
    not_applicable: str | None = None


@dataclass(frozen=True)
class Control:
    """One requirement, judged alike on every resource type that can break it.

    `scope` "stack" gives the checks the whole stack in `Resource.stack`, at the end of a run.
    """

    id: str
    title: str
    severity: Literal["low", "medium", "high", "critical"]
    levels: Levels
    frameworks: tuple[str, ...]
    remediation: str
    checks: Mapping[str, Check]
    scope: Literal["resource", "stack"] = "resource"

    def evaluate(self, resource: Resource) -> Outcome:
        """Run the check for this resource's type; never raises for a value that is missing or unknown."""
        check = self.checks.get(resource.type)
        if check is None:
            return Outcome(not_applicable=f"says nothing about {resource.type}")
        violations: list[str] = []
        try:
            for message in check(resource):
                violations.append(message)  # noqa: PERF402 (what was found before an unknown value counts)
        except NotApplicable as reason:
            return Outcome(not_applicable=str(reason))
        except UnknownValueError as unknown:
            return Outcome(tuple(violations), undecided=unknown)
        return Outcome(tuple(violations))


def known_profile(name: str | None) -> Profile:
    """The profile of this name, `standard` without one.

    Raises:
        PolicyError: no such profile.
    """
    for profile in PROFILES:
        if profile == (name or "standard"):
            return profile
    nearest = get_close_matches(str(name), PROFILES, n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    raise PolicyError(f"unknown policy profile {name!r}: use one of {', '.join(PROFILES)}.{hint}")
