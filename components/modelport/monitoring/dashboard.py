"""What a dashboard of a service shows, in no monitoring system's language."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from modelport.spec import Duration, ModelSpec

from .burn import BURN_RATES
from .objectives import PERCENTILES, Objective, objectives
from .readings import Reading, Signal

Unit = Literal["share", "seconds", "requests", "requests/s", "instances", "index", "rows"]

NOW, MONTH = Duration.parse("5m"), Duration.parse("30d")


@dataclass(frozen=True)
class Panel:
    """Readings in one picture.

    Attributes:
        readings: with the words that tell each from the others.
        limit: above which it is trouble, or for a single number below which; None where there is none.
        single: whether it shows one number, as it is now.
    """

    title: str
    unit: Unit
    readings: tuple[tuple[str, Reading], ...]
    limit: float | None = None
    single: bool = False


@dataclass(frozen=True)
class Section:
    """Panels about one matter."""

    title: str
    panels: tuple[Panel, ...]


def dashboard(spec: ModelSpec) -> tuple[Section, ...]:
    """What is shown of a service, from its objectives down to its model."""
    return (
        Section("Objectives", tuple(panel for objective in objectives(spec) for panel in _objective(objective))),
        Section("Requests", tuple(_requests(spec))),
        Section("Saturation", tuple(_saturation(spec))),
        Section("Model", tuple(_model(spec))),
    )


def _objective(objective: Objective) -> Iterator[Panel]:
    fast = BURN_RATES[0]
    title = f"{objective.name}, {objective.target:g} %"
    left = Reading(Signal.BUDGET_LEFT, MONTH, objective)
    yield Panel(f"{title}: error budget left of 30 days", "share", (("left", left),), limit=0, single=True)
    shares = [Reading(Signal.BAD_SHARE, window, objective) for window in (fast.long_window, fast.short_window)]
    readings = tuple((f"over {reading.window}", reading) for reading in shares)
    limit = objective.error_budget * fast.factor
    yield Panel(f"{title}: bad requests", "share", readings, limit=limit if limit < 1 else None)


def _requests(spec: ModelSpec) -> Iterator[Panel]:
    quantiles = tuple((name, Reading(Signal.LATENCY, NOW, quantile=share / 100)) for name, share in PERCENTILES.items())
    limits = [objective.within for objective in objectives(spec) if objective.within]
    yield Panel("Answers by status", "requests/s", (("status", Reading(Signal.RATE, NOW)),))
    yield Panel("Time to answer", "seconds", quantiles, limit=max(limits, default=None))
    away = Reading(Signal.TURNED_AWAY_SHARE, NOW)
    yield Panel("Turned away, as too many waited", "share", (("turned away", away),))


def _saturation(spec: ModelSpec) -> Iterator[Panel]:
    compute, most = spec.compute, spec.request.concurrency
    busy = (("in flight", Reading(Signal.IN_FLIGHT, NOW)), ("waiting", Reading(Signal.WAITING, NOW)))
    yield Panel("Requests in an instance", "requests", busy, limit=most)
    cpu, memory = Reading(Signal.CPU, NOW, granted=compute.cpu), Reading(Signal.MEMORY, granted=compute.memory.bytes)
    yield Panel("Cores and memory", "share", (("cores", cpu), ("memory of the fullest", memory)), limit=0.9)
    if compute.accelerator:
        gpu = (("working", Reading(Signal.ACCELERATOR)), ("memory of the fullest", Reading(Signal.ACCELERATOR_MEMORY)))
        yield Panel("Accelerators", "share", gpu, limit=0.95)
    instances = (("ready", Reading(Signal.READY)), ("known", Reading(Signal.INSTANCES)))
    yield Panel("Instances", "instances", instances)


def _model(spec: ModelSpec) -> Iterator[Panel]:
    quantiles = tuple((name, Reading(Signal.MODEL_LATENCY, NOW, quantile=share)) for name, share in _RUNS.items())
    yield Panel("Time in the model", "seconds", quantiles)
    yield Panel("Instances by model", "instances", (("model", Reading(Signal.MODELS)),))
    if spec.monitoring.drift.enabled and spec.monitoring.drift.method == "psi":
        index = (("feature", Reading(Signal.DRIFT)),)
        yield Panel("Drift: population stability index", "index", index, limit=spec.monitoring.drift.threshold)
        yield Panel("Drift: rows in the window", "rows", (("rows", Reading(Signal.DRIFT_ROWS)),))


_RUNS = {"p50": 0.5, "p99": 0.99}
