"""The frame: a control is an id, its prose, a level per profile, and a check per resource type."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, get_args

from modelport_policies.errors import PolicyError
from modelport_policies.resource import Resource, UnknownValueError
from modelport_policies.rewriting import Fill, filled

Level = Literal["mandatory", "advisory", "disabled", "remediate"]
Profile = Literal["baseline", "standard", "regulated"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

Check = Callable[[Resource], Iterable[str]]
"""Yields a message per violation; its docstring is the rule in the reference page."""

Rewrite = Callable[[Resource], Iterable[Fill]]
"""Yields what belongs where nothing is said; its docstring says so in the reference page."""


class NotApplicable(Exception):
    """Raised by a check: the control says nothing about this resource, for this reason."""


def never(reason: str) -> Check:
    """The check of a type that a control can ask nothing of, for this reason."""

    def nothing(_resource: Resource) -> Iterable[str]:
        raise NotApplicable(reason)

    nothing.__doc__ = f"Nothing: {reason}."
    return nothing


class Levels(NamedTuple):
    """The level of a control in each profile."""

    baseline: Level
    standard: Level
    regulated: Level


CRITICAL = Levels("mandatory", "mandatory", "mandatory")
SEVERE = Levels("advisory", "mandatory", "mandatory")
USUAL = Levels("disabled", "mandatory", "mandatory")
ADVICE = Levels("disabled", "advisory", "advisory")
SEVERE_REWRITTEN = Levels("advisory", "remediate", "remediate")
USUAL_REWRITTEN = Levels("disabled", "remediate", "remediate")

TARGETS = {
    "local": ("modelport:local:",),
    "sagemaker": ("aws:", "modelport:sagemaker:"),
    "vertex": ("gcp:", "google-native:", "modelport:vertex:"),
    "azureml": ("azure-native:", "modelport:azureml:"),
    "kubernetes": ("kubernetes:", "modelport:kubernetes:"),
}
"""How the types of each target begin."""


@dataclass(frozen=True)
class Outcome:
    """What a control found on one resource: evaluated, unless `undecided` or `not_applicable` says why not."""

    violations: tuple[str, ...] = ()
    undecided: UnknownValueError | None = None
    not_applicable: str | None = None


@dataclass(frozen=True)
class Control:
    """One requirement, judged alike on every resource type that can break it.

    `scope` "stack" gives the checks the whole stack in `Resource.stack`, at the end of a run. `parameters` are JSON
    schemas by name, each with a default; the checks find the values in `Resource.parameters`. `rewrites` complete the
    inputs of some types before they are judged. `only_in_stack` are types that the whole stack is needed for, where
    it is not for the others. `remediation` is told by target where it differs.
    """

    id: str
    title: str
    severity: Literal["low", "medium", "high", "critical"]
    levels: Levels
    frameworks: tuple[str, ...]
    remediation: str | Mapping[str, str]
    checks: Mapping[str, Check]
    scope: Literal["resource", "stack"] = "resource"
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rewrites: Mapping[str, Rewrite] = field(default_factory=dict)
    only_in_stack: Collection[str] = ()

    @property
    def rewriter(self) -> str | None:
        """The policy that rewrites in its place: Pulumi's policies rewrite at the level `remediate` only, where what
        stays wrong is mandatory, and those of a stack never do.
        """
        return f"{self.id}-rewrite" if self.rewrites and "remediate" not in self.levels else None

    @property
    def surveyor(self) -> str | None:
        """The policy over the stack that judges what its own policy over single resources cannot: the inputs of
        components are known to those alone, what is around a resource to this one.
        """
        return f"{self.id}-stack" if self.only_in_stack else None

    @property
    def policies(self) -> Mapping[str, Levels]:
        """The names of its policies, with their levels."""
        rewriting = {self.rewriter: USUAL_REWRITTEN} if self.rewriter else {}
        surveying = {self.surveyor: self.levels} if self.surveyor else {}
        return {self.id: self.levels, **rewriting, **surveying}

    def judging(self, *, only_in_stack: bool) -> Control:
        """The control over one part of its types."""
        checks = {type_: each for type_, each in self.checks.items() if (type_ in self.only_in_stack) is only_in_stack}
        return replace(self, checks=checks)

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets whose resources it judges; all of them where it judges the stack itself."""
        if "pulumi:pulumi:Stack" in self.checks:
            return tuple(TARGETS)
        return tuple(name for name, begins in TARGETS.items() if any(type_.startswith(begins) for type_ in self.checks))

    def remedy(self, type_: str = "") -> str:
        """How to comply: on the target of a resource type; on every one where none is given."""
        if isinstance(self.remediation, str):
            return self.remediation
        for name, begins in TARGETS.items():
            if type_.startswith(begins) and name in self.remediation:
                return self.remediation[name]
        return " ".join(f"On {name}: {words}" for name, words in self.remediation.items())

    def evaluate(self, resource: Resource, given: Mapping[str, Any] | None = None) -> Outcome:
        """Run the check for this resource's type; never raises for a value that is missing or unknown.

        Args:
            given: values of parameters; the others have their defaults.
        """
        check = self.checks.get(resource.type)
        if check is None:
            return Outcome(not_applicable=f"says nothing about {resource.type}")
        violations: list[str] = []
        try:
            for message in check(self._with_parameters(resource, given)):
                violations.append(message)  # noqa: PERF402 (what was found before an unknown value counts)
        except NotApplicable as reason:
            return Outcome(not_applicable=str(reason))
        except UnknownValueError as unknown:
            return Outcome(tuple(violations), undecided=unknown)
        return Outcome(tuple(violations))

    def rewritten(
        self, resource: Resource, inputs: Mapping[str, Any], given: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """The inputs, as they go over the wire, completed where the control finds something; never raises.

        Args:
            resource: the same inputs as checks read them.
        """
        rewrite = self.rewrites.get(resource.type)
        if rewrite is None or not self.evaluate(resource, given).violations:
            return inputs
        try:
            for path, value in rewrite(self._with_parameters(resource, given)):
                inputs = filled(inputs, path, value)
        except (NotApplicable, UnknownValueError):
            pass  # what is not known yet is judged, and completed, in the update
        return inputs

    def _with_parameters(self, resource: Resource, given: Mapping[str, Any] | None) -> Resource:
        parameters = {name: (given or {}).get(name, schema["default"]) for name, schema in self.parameters.items()}
        return replace(resource, parameters=parameters) if parameters else resource


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


def known_parameters(given: Any, controls: Iterable[Control]) -> Mapping[str, Mapping[str, Any]]:
    """Values of parameters by control, as given.

    Raises:
        PolicyError: no such control or parameter, or a value of another type.
    """
    known = {control.id: control.parameters for control in controls}
    if not isinstance(given, Mapping) or not all(isinstance(each, Mapping) for each in given.values()):
        raise PolicyError("policy parameters are written as {CONTROL: {PARAMETER: VALUE}}")
    for control, values in given.items():
        if control not in known:
            raise PolicyError(f"parameters of {control}: no such control; see docs/policies.md for the ids")
        for name, value in values.items():
            if name not in known[control]:
                names = ", ".join(known[control]) or "none"
                raise PolicyError(f"{control} has no parameter {name!r}; it has {names}")
            if fault := mismatch(value, known[control][name]):
                raise PolicyError(f"{control}, parameter {name}: {fault}")
    return given


def with_defaults(control: Control, given: Mapping[str, Any]) -> Control:
    """The control with these values in place of its parameters' defaults."""
    schemas = {
        name: {**schema, "default": given.get(name, schema["default"])} for name, schema in control.parameters.items()
    }
    return replace(control, parameters=schemas)


def mismatch(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Why a value is not what a parameter's schema asks for."""
    kind = schema["type"]
    if kind == "object":
        if not isinstance(value, Mapping):
            return f"{value!r} is no mapping"
        values = schema["additionalProperties"]
        return next((fault for each in value.values() if (fault := mismatch(each, values))), None)
    if kind == "array":
        if not isinstance(value, list):
            return f"{value!r} is no list"
        return next((fault for each in value if (fault := mismatch(each, schema["items"]))), None)
    if kind in ("integer", "number"):
        is_one = isinstance(value, int if kind == "integer" else int | float) and not isinstance(value, bool)
        return None if is_one else f"{value!r} is no {'whole ' if kind == 'integer' else ''}number"
    return None if isinstance(value, str) else f"{value!r} is no text"


def parameter(
    description: str, default: dict[str, str] | list[str] | list[int] | int | str, items: str = "string"
) -> dict[str, Any]:
    """The schema of a parameter; `items` is the type of those of a list, or of the values of a mapping."""
    own: dict[str, Any] = {"description": description, "default": default}
    if isinstance(default, dict):
        return {"type": "object", "additionalProperties": {"type": items}, **own}
    if isinstance(default, list):
        return {"type": "array", "items": {"type": items}, **own}
    return {"type": "integer" if isinstance(default, int) else "string", **own}
