from collections.abc import Iterator
from dataclasses import dataclass

from modelport.spec import ModelSpec

PERCENTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0}


@dataclass(frozen=True)
class Objective:
    """A share of requests that must be good over 30 days.

    Attributes:
        name: `availability`, or `latency-p99` and the like.
        target: the share, in percent.
        within: seconds in which a good request is answered; None where any answer without a server error is good.
    """

    name: str
    target: float
    within: float | None = None

    @property
    def error_budget(self) -> float:
        """The share of requests that may be bad, from 0 to 1."""
        return round(1 - self.target / 100, 9)


def objectives(spec: ModelSpec) -> tuple[Objective, ...]:
    """The objectives of a service: its availability, and each latency that `slo.latency` names."""
    return (Objective("availability", spec.slo.availability), *_latencies(spec))


def _latencies(spec: ModelSpec) -> Iterator[Objective]:
    for percentile, target in PERCENTILES.items():
        if (within := getattr(spec.slo.latency, percentile)) is not None:
            yield Objective(f"latency-{percentile}", target, within.seconds)
