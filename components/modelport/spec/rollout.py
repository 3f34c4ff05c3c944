from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .quantity import Between, Duration
from .scalars import Percent
from .section import Section, broken_rule


class Rollout(Section):
    """How a new version takes over from the stable one."""

    steps: tuple[Annotated[int, Field(strict=True, ge=1, le=100)], ...] = (10, 50)
    """Share of requests, in percent, that the candidate gets at each step before it is promoted."""

    bake: Annotated[Duration, Between("0s", "7d")] = Duration.parse("10m")
    """How long each step is watched before the next."""

    rollback_on: tuple[Literal["errors", "latency", "saturation"], ...] = ("errors", "latency")
    """Alerts that send all requests back to the stable version."""

    mirror: Percent = 0
    """Share of requests, in percent, copied to the candidate before its first step; its answers are dropped."""

    @model_validator(mode="after")
    def _steps_ascend(self) -> Self:
        if list(self.steps) != sorted(set(self.steps)):
            raise broken_rule("each step must be more than the one before", "steps")
        return self
