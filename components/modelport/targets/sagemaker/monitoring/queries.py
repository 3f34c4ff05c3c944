"""What is read of a service, in CloudWatch's metric math over the metrics that SageMaker writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from modelport.monitoring import Objective, Reading, Signal
from modelport.plan import Machine, Plan

from ..releases.variants import answering
from .metrics import (
    AT_ONCE,
    CPU,
    FAILED,
    GPU,
    GPU_MEMORY,
    INVOCATIONS,
    LATENCY,
    MEMORY,
    MINUTE,
    Metric,
    Query,
    Series,
    filled,
)

MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Watched:
    """What metrics are read of.

    Attributes:
        variants: those that answer callers.
        machine: what each of their instances is; None where SageMaker does not say how busy instances are.
        concurrency: requests that an instance would work on at once; None where SageMaker says not how many it does.
    """

    variants: tuple[str, ...]
    machine: Machine | None
    concurrency: int | None = None

    @classmethod
    def of(cls, plan: Plan) -> Watched:
        """The variants of a plan; a copy of requests is for nobody."""
        roles = tuple(release.role for release in answering(plan))
        if plan.spec.mode == "serverless":
            return cls(roles, None, plan.spec.request.concurrency)
        return cls(roles, plan.machine)


def query(reading: Reading, watched: Watched) -> Query | None:
    """The number that gives a reading; None where SageMaker writes nothing of the kind."""
    make = QUERIES.get(reading.signal)
    return None if make is None or reading.ago is not None else make(reading, watched)


def period_of(reading: Reading) -> int:
    """The seconds that a reading looks back on."""
    return MINUTE if reading.window is None else round(reading.window.seconds)


def _requests(reading: Reading, watched: Watched) -> Query:
    return Query.over(watched.variants, INVOCATIONS, "Sum", period_of(reading))


def _bad(reading: Reading, watched: Watched) -> Query:
    objective = _objective(reading)
    if objective.within is None:
        return Query.over(watched.variants, FAILED, "Sum", period_of(reading))
    return _late(objective.within, reading, watched)


def _late(within: float, reading: Reading, watched: Watched) -> Query:
    """How many requests took longer, from the share of those that did not (a percentile rank, in percent)."""
    series, late = [], []
    for variant in watched.variants:
        all_ = Series(LATENCY, "SampleCount", variant, period_of(reading))
        in_time = Series(LATENCY, f"PR(:{within * MICROSECONDS:.12g})", variant, period_of(reading))
        series += [all_, in_time]
        late.append(f"{filled(all_)} * (1 - {filled(in_time, 100)} / 100)")
    return Query(tuple(series), f"({' + '.join(late)})")


def _bad_share(reading: Reading, watched: Watched) -> Query:
    if _objective(reading).within is None:
        return _bad(reading, watched) / _requests(reading, watched)
    return _bad(reading, watched) / Query.over(watched.variants, LATENCY, "SampleCount", period_of(reading))


def _latency(reading: Reading, watched: Watched) -> Query:
    assert reading.quantile is not None, "a latency is a quantile's"
    statistic = f"p{100 * reading.quantile:g}"
    return Query.over(watched.variants, LATENCY, statistic, period_of(reading), "MAX") / MICROSECONDS


def _instances(reading: Reading, watched: Watched) -> Query | None:
    """How many tell of their cores; each does once a minute."""
    return None if watched.machine is None else Query.over(watched.variants, CPU, "SampleCount", MINUTE)


def _in_flight(reading: Reading, watched: Watched) -> Query | None:
    """Of the share of all that may be in work: as much of what an instance would work on."""
    if watched.concurrency is None:
        return None
    return Query.over(watched.variants, AT_ONCE, "Average", period_of(reading), "MAX") / (1 / watched.concurrency)


def _share(metric: Metric, statistic: str, parts: Callable[[Machine], float]) -> Callable[..., Query | None]:
    """A percentage of `parts` of an instance together as a share, of the variant where it is largest."""

    def share(reading: Reading, watched: Watched) -> Query | None:
        if watched.machine is None:
            return None
        percent = Query.over(watched.variants, metric, statistic, period_of(reading), "MAX")
        return percent / (100 * parts(watched.machine))

    return share


def _objective(reading: Reading) -> Objective:
    assert reading.objective is not None, f"{reading.signal} is of an objective"
    return reading.objective


QUERIES: Mapping[Signal, Callable[[Reading, Watched], Query | None]] = {
    Signal.REQUESTS: _requests,
    Signal.BAD_REQUESTS: _bad,
    Signal.BAD_SHARE: _bad_share,
    Signal.LATENCY: _latency,
    Signal.IN_FLIGHT: _in_flight,
    Signal.CPU: _share(CPU, "Average", lambda machine: machine.cpu),
    Signal.MEMORY: _share(MEMORY, "Maximum", lambda _: 1),
    Signal.ACCELERATOR: _share(GPU, "Average", lambda machine: machine.accelerators),
    Signal.ACCELERATOR_MEMORY: _share(GPU_MEMORY, "Maximum", lambda machine: machine.accelerators),
    Signal.INSTANCES: _instances,
}
"""What SageMaker can be asked; of other signals it knows nothing."""
