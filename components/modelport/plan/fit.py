"""How well a service fits a target: what the target refuses, and which defaults it replaces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modelport.spec import Environment, Loaded, Origin, leaf_values, written
from modelport.spec.problem import shown

from .capability import EXISTING, RELEASES, Capability
from .refusal import NOT_ACCEPTED, REFUSED, UNBUILT, Refusal
from .tags import clashing_labels
from .target import Target


@dataclass(frozen=True)
class Adjustment:
    """A default that a target cannot honour, and what is there instead.

    Attributes:
        asked: the default.
        given: the value that the target has instead; None where nothing takes its place.
        reason: why, as a clause.
    """

    field: str
    asked: Any
    given: Any
    reason: str


@dataclass(frozen=True)
class Asked:
    """What a config says about one field. A field without a value asks nothing.

    Attributes:
        field: its capability row.
        path: its place as people write it.
        written: whether the user wrote it.
    """

    field: str
    path: str
    value: Any
    written: bool
    origin: Origin


def refusals(service: Loaded, environment: Environment, target: Target) -> list[Refusal]:
    """Everything that the target will not do of what the user wrote, in the order of the file."""
    if not target.is_built:
        return [_unbuilt_target(target)]
    found = [
        refusal
        for each in _asked(service, environment)
        if each.written and (refusal := _refusal(each, target.capabilities[each.field], service, target))
    ]
    found += _label_refusals(service, environment, target)
    told = {refusal.field for refusal in found}
    found += [each for each in _objections(service, environment, target) if each.field not in told]
    return sorted(found, key=lambda each: (each.origin.file, each.origin.line or 0) if each.origin else ("", 0))


def adjustments(service: Loaded, target: Target) -> tuple[Adjustment, ...]:
    """The defaults that the target replaces or leaves without effect."""
    rows = [(each, target.capabilities[each.field]) for each in _asked_of_service(service) if not each.written]
    return tuple(
        Adjustment(each.path, each.value, None if row.always is ... else row.always, row.reason)
        for each, row in rows
        if not row.gives(each.value)
    )


def _asked(service: Loaded, environment: Environment) -> Iterator[Asked]:
    yield from _asked_of_service(service)
    yield from _asked_of_releases(service, environment)
    yield from _asked_of_existing(environment)


def _asked_of_service(service: Loaded) -> Iterator[Asked]:
    for path, value in leaf_values(service.spec).items():
        if value is not None:
            yield Asked(path, path, value, path in service.written, service.origins[path])


def _asked_of_releases(service: Loaded, environment: Environment) -> Iterator[Asked]:
    name = service.spec.metadata.name
    if (live := environment.releases.get(name)) is None:
        return
    for path, value in leaf_values(live).items():
        if value is not None:
            place = f"modelport:releases.{name}.{path}"
            yield Asked(RELEASES + path, place, value, path in written(live), Origin("file"))


def _asked_of_existing(environment: Environment) -> Iterator[Asked]:
    given = written(environment.existing)
    for path, value in leaf_values(environment.existing).items():
        if value is not None:
            plain = value if isinstance(value, str) else "an output"
            yield Asked(EXISTING + path, f"modelport:existing.{path}", plain, path in given, Origin("file"))


def _refusal(each: Asked, row: Capability, service: Loaded, target: Target) -> Refusal | None:
    def refusal(code: str, alternative: str) -> Refusal:
        return Refusal(code, each.path, target.name, row.reason, alternative, shown(each.value), each.origin)

    if row.level == "approximated":
        if each.value == row.always or any(
            (accepted.field, accepted.target) == (each.field, target.name) for accepted in service.spec.accept
        ):
            return None
        entry = f"{{field: {each.field}, target: {target.name}, reason: ...}}"
        return refusal(NOT_ACCEPTED, f"If the difference does not matter, add {entry} to accept.")
    if row.gives(each.value):
        return None
    instead = f"Use {row.instead}, or leave" if row.instead else "Leave"
    always = "" if row.always is ... else f": on {target.name} it is {shown(row.always)}"
    return refusal(UNBUILT if row.level == "unbuilt" else REFUSED, f"{instead} the field out{always}.")


def _label_refusals(service: Loaded, environment: Environment, target: Target) -> Iterator[Refusal]:
    field = "metadata.labels"
    for label in clashing_labels(service.spec, environment, target.tag_rule):
        reason = f"another tag has the same key as the label {label}"
        alternative = "Rename the label; owner and cost centre have fields of their own in metadata."
        yield Refusal(REFUSED, field, target.name, reason, alternative, origin=service.origins[field])


def _objections(service: Loaded, environment: Environment, target: Target) -> Iterator[Refusal]:
    for each in target.rules(service.spec, environment):
        value = "" if each.value is None else shown(each.value)
        origin = service.origins.get(each.path, Origin("file"))
        yield Refusal(REFUSED, each.path, target.name, each.reason, each.alternative, value, origin)


def _unbuilt_target(target: Target) -> Refusal:
    return Refusal(
        UNBUILT,
        "modelport:targets",
        target.name,
        "this target is not built yet",
        "`modelport compare` shows what each target can do.",
        target.name,
    )
