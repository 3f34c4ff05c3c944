from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from .quantity import Between, Duration
from .scalars import Number
from .section import Section, broken_rule

Latency = Annotated[Duration, Between("1ms", "1h")]


class LatencyObjective(Section):
    """How fast requests are answered, over 30 days."""

    p50: Latency | None = None
    """Half of the requests are answered within this time."""

    p95: Latency | None = None
    """95 % of the requests are answered within this time."""

    p99: Latency | None = None
    """99 % of the requests are answered within this time."""

    @model_validator(mode="after")
    def _percentiles_ascend(self) -> Self:
        given = [(name, value) for name in ("p50", "p95", "p99") if (value := getattr(self, name)) is not None]
        for (lower, low), (higher, high) in pairwise(given):
            if low > high:
                raise broken_rule(f"less than {lower}, which is {low}", higher, lower)
        return self


class Slo(Section):
    """Service level objectives: alerts, dashboards and rollback follow from them."""

    availability: Annotated[Number, Field(ge=50, lt=100)] = 99.5
    """Requests answered without a server error, in percent over 30 days."""

    latency: LatencyObjective = LatencyObjective()
    """How fast requests are answered."""
