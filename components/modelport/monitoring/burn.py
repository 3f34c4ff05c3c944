"""Alerts on error budgets that are used up too fast."""

from collections.abc import Iterator
from dataclasses import dataclass

from modelport.spec import Duration, ModelSpec

from .alert import AlertRule, Condition, Kind, Severity
from .objectives import Objective, objectives
from .readings import Reading, Signal

AVAILABILITY = Kind(
    "availability-burn", "errors", "More requests fail than the availability objective allows.", ("page", "ticket")
)
LATENCY = Kind(
    "latency-burn", "latency", "More requests are slow than the latency objective allows.", ("page", "ticket")
)

LEAST_BAD = 5
"""Bad requests in the long window below which a share says nothing: few requests make large shares."""


@dataclass(frozen=True)
class BurnRate:
    """How fast an error budget is being used up: `factor` times too fast, over a long and a short window.

    The long window says that it matters, the short one that it is still going on. The rates are those of Google's SRE
    workbook, chapter 5: of a 30-day budget 2 % in 1 h, 5 % in 6 h, 10 % in 1 day, 10 % in 3 days.
    """

    factor: float
    long_window: Duration
    short_window: Duration
    severity: Severity


BURN_RATES = (
    BurnRate(14.4, Duration.parse("1h"), Duration.parse("5m"), "page"),
    BurnRate(6, Duration.parse("6h"), Duration.parse("30m"), "page"),
    BurnRate(3, Duration.parse("1d"), Duration.parse("2h"), "ticket"),
    BurnRate(1, Duration.parse("3d"), Duration.parse("6h"), "ticket"),
)


def burn_rules(spec: ModelSpec) -> Iterator[AlertRule]:
    """One rule for each objective and burn rate.

    A rate that a loose objective can never reach (its share of bad requests would be 100 % or more) gives no rule.
    """
    for objective in objectives(spec):
        for rate in BURN_RATES:
            if objective.error_budget * rate.factor < 1:
                yield _rule(spec.metadata.name, objective, rate)


def _rule(service: str, objective: Objective, rate: BurnRate) -> AlertRule:
    share = round(objective.error_budget * rate.factor, 9)
    long, short = (Reading(Signal.BAD_SHARE, window, objective) for window in (rate.long_window, rate.short_window))
    pace = f"{rate.factor:g} times " if rate.factor > 1 else ""
    return AlertRule(
        name=f"{objective.name}-burn-{rate.long_window}",
        kind=AVAILABILITY if objective.within is None else LATENCY,
        service=service,
        severity=rate.severity,
        summary=f"{service}: the error budget of {objective.name}, {objective.target:g} %, is used up {pace}too fast, "
        f"over {rate.long_window}",
        conditions=(
            Condition(long, ">", share),
            Condition(short, ">", share),
            Condition(Reading(Signal.BAD_REQUESTS, rate.long_window, objective), ">=", LEAST_BAD),
        ),
    )
