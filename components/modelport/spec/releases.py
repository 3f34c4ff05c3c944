from typing import Self

from pydantic import model_validator

from .scalars import Digest, ImageReference, Percent, Source
from .section import Section, broken_rule


class Release(Section):
    """One version of a service."""

    source: Source
    """Its model, as in `model.source`."""

    digest: Digest | None = None
    """Digest that its bundle must have."""

    image: ImageReference | None = None
    """Its serving image; without it, the one of the service file."""


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

    @model_validator(mode="after")
    def _candidate_and_weight_belong_together(self) -> Self:
        if self.candidate is not None and "weight" not in self.model_fields_set:
            raise broken_rule("a candidate needs its share of requests, 0 to 100", "weight", "candidate")
        if self.candidate is None and (self.weight or self.mirror):
            raise broken_rule(
                "there is no candidate to send requests to", "weight" if self.weight else "mirror", "candidate"
            )
        return self
