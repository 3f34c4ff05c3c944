from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .scalars import Count, Cron, Flag, Number, TimeZone
from .section import Section, broken_rule


class ScalingTarget(Section):
    """The load per instance that autoscaling holds."""

    metric: Literal["cpu", "accelerator", "requestsPerSecond", "concurrency", "waiting"] = "cpu"
    """What is measured: utilisation of cpu or accelerator in percent, requests per second, requests in flight, or those
    among them that wait for the model, as the server counts them."""

    value: Annotated[Number, Field(gt=0)] = 60
    """The value to hold, per instance: percent, requests per second, or requests."""

    @model_validator(mode="after")
    def _percent_is_at_most_100(self) -> Self:
        if self.metric in ("cpu", "accelerator") and self.value > 100:
            raise broken_rule(f"a {self.metric} target is a percentage, at most 100", "value", "metric")
        return self


class Window(Section):
    """From a moment on, other bounds, until the next window begins."""

    cron: Cron
    """When it begins: minute, hour, day of month, month, day of week."""

    timezone: TimeZone = "UTC"
    """IANA time zone of `cron`, like Europe/Berlin."""

    min: Annotated[int, Field(strict=True, ge=0)]
    """Fewest instances from then on; 0 switches the service off."""

    max: Annotated[int, Field(strict=True, ge=0)]
    """Most instances from then on."""

    @model_validator(mode="after")
    def _min_is_at_most_max(self) -> Self:
        if self.min > self.max:
            raise broken_rule(f"more than max, which is {self.max}", "min", "max")
        return self


class Scaling(Section):
    """How many instances run."""

    min: Count = 2
    """Fewest instances while the service is awake; two survive the loss of one."""

    max: Count = 4
    """Most instances; what they cost at most is judged against `budget`."""

    target: ScalingTarget = ScalingTarget()
    """The load per instance that autoscaling holds."""

    schedule: tuple[Window, ...] = ()
    """Other bounds at certain times."""

    scale_to_zero: Flag = False
    """Whether the last instance stops while there are no requests; the next request waits for a start."""

    @model_validator(mode="after")
    def _min_is_at_most_max(self) -> Self:
        if self.min > self.max:
            raise broken_rule(f"more than max, which is {self.max}", "min", "max")
        return self
