"""What is read of a service, as series of Cloud Monitoring."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modelport.monitoring import Objective, Reading, Signal
from modelport.plan import Machine

from ..capacity import GIGABYTES
from .series import MINUTE, Metric, Number, Selected, Series

DAY = 24 * 60 * 60
"""The longest time that an alert looks back on:
https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/alerting-on-budget-burn-rate"""
STATUS = "metric.labels.response_code"
ANSWERED = Metric("response_count")
FAILED = Metric("response_count", f'{STATUS} = starts_with("5")')
"""Vertex AI counts answers by the first digit of their status: 2xx, 4xx, 5xx."""
DURATION = Metric("prediction_latencies", 'metric.labels.latency_type = "total"')
"""Milliseconds as callers see them."""
MILLISECONDS = 1000


def query(reading: Reading, machine: Machine) -> Number | None:
    """The number that gives a reading; None where Cloud Monitoring has nothing of the kind, or not of so long ago."""
    make = QUERIES.get(reading.signal)
    if make is None or reading.ago is not None:
        return None
    if reading.signal is not Signal.BUDGET_LEFT and _period(reading) > DAY:
        return None
    return make(reading, machine)


def _period(reading: Reading) -> int:
    return MINUTE if reading.window is None else round(reading.window.seconds)


def _count(metric: Metric, reading: Reading) -> Number:
    return Number(Series(metric, "ALIGN_DELTA", "REDUCE_SUM", _period(reading)))


def _bad_requests(reading: Reading, machine: Machine) -> Number | None:
    return _count(FAILED, reading) if _objective(reading).within is None else None


def _bad_share(reading: Reading, machine: Machine) -> Number:
    objective = _objective(reading)
    burning = Selected("select_slo_burn_rate", objective.name, _period(reading))
    return Number(burning, times=1 / objective.error_budget, unit="times the budget")


def _budget_left(reading: Reading, machine: Machine) -> Number:
    return Number(Selected("select_slo_budget_fraction", _objective(reading).name))


def _rate(reading: Reading, machine: Machine) -> Number:
    return Number(Series(ANSWERED, "ALIGN_RATE", "REDUCE_SUM", _period(reading), STATUS))


def _latency(reading: Reading, machine: Machine) -> Number:
    assert reading.quantile is not None, "a latency is a quantile's"
    reducer = f"REDUCE_PERCENTILE_{100 * reading.quantile:02.0f}"
    return Number(Series(DURATION, "ALIGN_DELTA", reducer, _period(reading)), times=MILLISECONDS, unit="ms")


def _cpu(reading: Reading, machine: Machine) -> Number:
    """A core in use is 1: https://cloud.google.com/vertex-ai/docs/general/monitoring-metrics"""
    used = Series(Metric("cpu/utilization"), "ALIGN_MEAN", "REDUCE_MEAN", _period(reading))
    return Number(used, times=machine.cpu, unit="cores")


def _memory(reading: Reading, machine: Machine) -> Number:
    used = Series(Metric("memory/bytes_used"), "ALIGN_MAX", "REDUCE_MAX", _period(reading))
    return Number(used, times=machine.memory.bytes, unit="bytes")


def _accelerator(reading: Reading, machine: Machine) -> Number:
    return Number(Series(Metric("accelerator/duty_cycle"), "ALIGN_MEAN", "REDUCE_MEAN", _period(reading)))


def _accelerator_memory(reading: Reading, machine: Machine) -> Number:
    assert machine.accelerator is not None, "asked of services with accelerators alone"
    used = Series(Metric("accelerator/memory/bytes_used"), "ALIGN_MAX", "REDUCE_MAX", _period(reading))
    return Number(used, times=machine.accelerators * GIGABYTES[machine.accelerator] * 1e9, unit="bytes")


def _machines(metric: str) -> Callable[[Reading, Machine], Number]:
    return lambda reading, machine: Number(Series(Metric(metric), "ALIGN_MEAN", "REDUCE_SUM", _period(reading)))


def _objective(reading: Reading) -> Objective:
    assert reading.objective is not None, f"{reading.signal} is of an objective"
    return reading.objective


QUERIES: Mapping[Signal, Callable[[Reading, Machine], Number | None]] = {
    Signal.REQUESTS: lambda reading, machine: _count(ANSWERED, reading),
    Signal.BAD_REQUESTS: _bad_requests,
    Signal.BAD_SHARE: _bad_share,
    Signal.BUDGET_LEFT: _budget_left,
    Signal.RATE: _rate,
    Signal.LATENCY: _latency,
    Signal.CPU: _cpu,
    Signal.MEMORY: _memory,
    Signal.ACCELERATOR: _accelerator,
    Signal.ACCELERATOR_MEMORY: _accelerator_memory,
    Signal.INSTANCES: _machines("target_replicas"),
    Signal.READY: _machines("replicas"),
}
"""What Vertex AI can be asked; of other signals it knows nothing."""
