from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from modelport.spec import Existing, ModelSpec, Releases, leaf_fields

Level = Literal["native", "emulated", "approximated", "refused", "unbuilt"]

RELEASES = "releases."
"""Prefix of the fields of `modelport:releases`, which stand in the stack file and have rows of their own."""

EXISTING = "existing."
"""Prefix of the fields of `modelport:existing`, likewise."""

FIELDS = (
    *leaf_fields(ModelSpec),
    *(RELEASES + path for path in leaf_fields(Releases)),
    *(EXISTING + path for path in leaf_fields(Existing)),
)
"""Every field that a target says something about."""


@dataclass(frozen=True)
class Capability:
    """What a target makes of one field.

    Attributes:
        drives: the place in the target's requests where the value arrives, like `CreateEndpointConfig.KmsKeyId`.
        also: other places that move with it, as patterns (`Server.tags.*`).
        adds: the kind of resource that gives the behaviour, if the target has none of its own.
        reason: what differs, or why the target cannot do it; a clause without a full stop.
        instead: what to use instead.
        source: where the vendor documents it.
        always: what the target does whatever the field says, so that only another value is refused; `...` if there is
            no such value.
        only: the values that the target can do, if not all; a default that is none of them becomes `always`.
    """

    level: Level
    drives: str = ""
    also: tuple[str, ...] = ()
    adds: str = ""
    reason: str = ""
    instead: str = ""
    source: str = ""
    always: Any = ...
    only: tuple[Any, ...] = ()

    def gives(self, value: Any) -> bool:
        """Whether the target does this value, be it in a slightly different way."""
        if self.level not in ("refused", "unbuilt"):
            return not self.only or value in self.only
        return _asks_nothing(value) or bool(self.always is not ... and self.always == value)

    def level_of(self, value: Any) -> Level:
        """The level for one value; that of the field for a value that asks nothing."""
        if self.only and not self.gives(value):
            return "refused"
        had_anyway = self.always is not ... and self.always == value and not _asks_nothing(value)
        return "native" if had_anyway else self.level


Capabilities = Mapping[str, Capability]
"""A target's row for each of `FIELDS`."""


def native(drives: str, *, source: str, differs: str = "", also: tuple[str, ...] = ()) -> Capability:
    """The target does it itself."""
    return Capability("native", drives, also, reason=differs, source=source)


def native_but(
    drives: str, *, only: tuple[Any, ...], reason: str, instead: str, source: str, also: tuple[str, ...] = ()
) -> Capability:
    """The target does some values itself, of which the first takes the place of a default that is not among them."""
    return Capability("native", drives, also, reason=reason, instead=instead, source=source, always=only[0], only=only)


def emulated(drives: str, *, adds: str, source: str, also: tuple[str, ...] = ()) -> Capability:
    """The same behaviour through a resource that is added."""
    return Capability("emulated", drives, also, adds=adds, reason=f"through a {adds} of its own", source=source)


def approximated(
    drives: str, *, differs: str, source: str, also: tuple[str, ...] = (), always: Any = ...
) -> Capability:
    """Nearly the same; who writes another value than `always` has to accept the difference."""
    return Capability("approximated", drives, also, reason=differs, source=source, always=always)


def refused(reason: str, *, instead: str, always: Any = ...) -> Capability:
    """The target cannot do it."""
    return Capability("refused", reason=reason, instead=instead, always=always)


def unbuilt(*, always: Any = ...) -> Capability:
    """The target could do it, modelport cannot yet."""
    return Capability("unbuilt", reason="modelport cannot do this yet", always=always)


RECORDS = (
    *(f"governance.{name}" for name in ("intendedUse", "trainingData", "evaluation", "oversightContact")),
    *("budget.amount", "budget.currency"),
)

OWN: Capabilities = dict.fromkeys(
    ("apiVersion", "kind", "accept", *(f"{RELEASES}{role}.slot" for role in ("stable", "candidate"))),
    native("", source="modelport.spec"),
)
"""Rows of the fields that loader and plan use up themselves, the same for every target."""

UNBUILT: Capabilities = {**dict.fromkeys(FIELDS, unbuilt()), **OWN}
"""The rows of a target that is not built at all."""


def recorded(component: str) -> Capabilities:
    """Rows of what a service's `component` carries for policies and reports, the same for every target."""
    rows = {field: native(f"Service.{field}", source=component) for field in RECORDS}
    return {**rows, "security.compliance": native("Service.compliance", source=component)}


def _asks_nothing(value: Any) -> bool:
    """Whether a value leaves everything to the target: nothing, or an empty list or map."""
    return value is None or value == () or value == {}
