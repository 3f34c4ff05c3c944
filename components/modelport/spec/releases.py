from typing import Literal, Self, get_args

from pydantic import model_validator

from .scalars import Digest, ImageReference, Percent, Source
from .section import Section, broken_rule

Slot = Literal["blue", "green"]
SLOTS: tuple[Slot, ...] = get_args(Slot)


class Release(Section):
    """One version of a service."""

    source: Source
    """Its model, as in `model.source`."""

    digest: Digest | None = None
    """Digest that its bundle must have."""

    image: ImageReference | None = None
    """Its serving image; without it, the one of the service file."""

    slot: Slot | None = None
    """Which of two sets of instances runs it: blue for the stable version and the other one for the candidate, unless
    written. A version that is promoted keeps its set, so that nothing restarts."""


class Releases(Section):
    """The live versions of one service: `stable`, and while a rollout is on, `candidate`."""

    stable: Release
    """The version that answers by default."""

    candidate: Release | None = None
    """The version on trial."""

    weight: Percent = 0
    """Share of requests that the candidate answers, in percent."""

    mirror: Percent = 0
    """Share of requests copied to the candidate, in percent; its answers are dropped."""

    unwaited: Percent | None = None
    """Largest share, in percent, at which a change of the candidate does not wait until its pods are ready;
    `modelport rollout step` writes it with a smaller share."""

    @property
    def slots(self) -> tuple[Slot, Slot]:
        """Those of the stable version and of a candidate."""
        stable = self.stable.slot or "blue"
        other: Slot = "green" if stable == "blue" else "blue"
        return stable, (self.candidate and self.candidate.slot) or other

    @model_validator(mode="after")
    def _candidate_and_weight_belong_together(self) -> Self:
        if self.candidate is not None and "weight" not in self.model_fields_set:
            raise broken_rule("a candidate needs its share of requests, 0 to 100", "weight", "candidate")
        if self.candidate is None and (self.weight or self.mirror):
            raise broken_rule(
                "there is no candidate to send requests to", "weight" if self.weight else "mirror", "candidate"
            )
        if self.candidate is None and self.unwaited is not None:
            raise broken_rule("there is no candidate to wait for", "unwaited", "candidate")
        return self

    @model_validator(mode="after")
    def _each_version_has_its_own_slot(self) -> Self:
        if self.slots[0] == self.slots[1]:
            raise broken_rule("the slot of the other version", "candidate.slot", "stable.slot")
        return self
