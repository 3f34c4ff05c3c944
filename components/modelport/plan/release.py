from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from modelport import spec
from modelport.spec import Environment, ModelSpec, Releases
from modelport.spec.releases import Slot


@dataclass(frozen=True)
class Release:
    """One live version of a service.

    Attributes:
        source: its model, as in `model.source`.
        version: as people call it; None leaves it to the bundle.
        sha256: what the source's checksum must be, in hex.
        digest: what its bundle's digest must be, `sha256:` and hex.
        image: its serving image; None for the stack's.
        slot: the set of instances that runs it; that of a candidate stays its own when it is promoted.
        weight: share of requests that it answers, in percent.
        mirror: share of requests that are copied to it, in percent.
        wait: whether a change of it waits until its instances are ready.
    """

    role: Literal["stable", "candidate"]
    source: str
    version: str | None
    sha256: str | None
    digest: str | None
    image: str | None
    slot: Slot
    weight: int
    mirror: int = 0
    wait: bool = True


def releases(service: ModelSpec, environment: Environment) -> tuple[Release, ...]:
    """The live versions that `modelport:releases` names, stable first; without an entry the service file's model."""
    own = Releases(stable=spec.Release(source=service.model.source))
    live = environment.releases.get(service.metadata.name, own)
    stable = _release("stable", live.stable, service, slot=live.slots[0], weight=100 - live.weight)
    if live.candidate is None:
        return (stable,)
    unwaited = -1 if live.unwaited is None else live.unwaited
    candidate = _release("candidate", live.candidate, service, slot=live.slots[1], weight=live.weight)
    return stable, replace(candidate, mirror=live.mirror, wait=live.weight > unwaited)


def _release(
    role: Literal["stable", "candidate"],
    live: spec.Release,
    service: ModelSpec,
    *,
    slot: Slot,
    weight: int,
) -> Release:
    """The release with what the service file says of the model, if that is the one it serves."""
    is_own = live.source == service.model.source
    return Release(
        role=role,
        source=live.source,
        version=service.model.version if is_own else None,
        sha256=service.model.sha256 if is_own else None,
        digest=live.digest,
        image=live.image or service.serving.image,
        slot=slot,
        weight=weight,
    )
