"""The alert rules of a service as alert policies of Cloud Monitoring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from modelport.monitoring import AlertRule, Condition, Reading, Signal, alert_rules
from modelport.monitoring.burn import BURN_RATES
from modelport.monitoring.objectives import PERCENTILES
from modelport.monitoring.runbooks import RUNBOOKS, runbook
from modelport.monitoring.saturation import ACCELERATOR_MEMORY, CPU, MEMORY
from modelport.monitoring.silence import ABSENT, DOWN, MISSING
from modelport.plan import Machine

from ..resources import ALERT, Kind, Resources
from .queries import query
from .series import MINUTE, Number, Watched

OBJECTIVES = ("availability", *(f"latency-{percentile}" for percentile in PERCENTILES))
ALONE = (CPU, MEMORY, ACCELERATOR_MEMORY, ABSENT, DOWN, MISSING)
"""Kinds of alerts of which a service has one."""
SEVERITIES = {"page": "CRITICAL", "ticket": "WARNING"}
COMPARISONS = {">": "COMPARISON_GT", ">=": "COMPARISON_GT", "<": "COMPARISON_LT"}
"""Cloud Monitoring has no `>=`."""
HALF = 0.5
"""What is at least 5 is more than 4.5, of what is counted."""
QUIET = "1800s"
"""Without values, after which an alert is over: the shortest time that Cloud Monitoring takes."""


@dataclass(frozen=True)
class Part:
    """A condition of a rule, with the number that tells it."""

    condition: Condition
    number: Number


def alert_roles() -> Iterator[tuple[str, Kind]]:
    """The roles that alerts may have."""
    for objective in OBJECTIVES:
        yield from ((f"alert-{objective}-burn-{rate.long_window}", ALERT) for rate in BURN_RATES)
    yield from ((f"alert-{kind.name}", ALERT) for kind in ALONE)


def alerts(
    own: Resources, of: Watched, channels: Sequence[pulumi.Input[str]], first: Sequence[pulumi.Resource]
) -> list[pulumi.Output[str]]:
    """An alert policy for each rule that Vertex AI's metrics can tell; gives their names.

    Args:
        channels: who hears.
        first: what has to be there before: the objectives that they are about.
    """
    assert own.plan.machine is not None, "else the plan is refused"
    opts = pulumi.ResourceOptions(depends_on=list(first))
    told = {rule: parts_of(rule, own.plan.machine) for rule in alert_rules(own.plan.as_served())}
    made = [
        own.register(ALERT, f"alert-{rule.name}", _policy(own, rule, parts, of, channels), opts)
        for rule, parts in told.items()
        if parts
    ]
    return [each.name for each in made]


def parts_of(rule: AlertRule, machine: Machine) -> list[Part] | None:
    """The rule's conditions; None where Vertex AI does not tell all of them."""
    told = [(each, query(each.reading, machine)) for each in _countable(rule)]
    parts = [Part(condition, number) for condition, number in told if number is not None]
    return parts if len(parts) == len(told) else None


def _countable(rule: AlertRule) -> Iterator[Condition]:
    """The conditions; late requests, which nobody counts, are taken for as many requests as they are the share of."""
    for each in rule.conditions:
        objective = each.reading.objective
        if each.reading.signal is Signal.BAD_REQUESTS and objective and objective.within is not None:
            requests = Reading(Signal.REQUESTS, each.reading.window)
            yield replace(each, reading=requests, threshold=each.threshold / rule.conditions[0].threshold)
        else:
            yield each


def _policy(
    own: Resources, rule: AlertRule, parts: Sequence[Part], of: Watched, channels: Sequence[pulumi.Input[str]]
) -> dict[str, Any]:
    title = f"{own.plan.names.of()}: {rule.name}"
    page = runbook(rule.kind, own.plan.environment.existing.runbooks or RUNBOOKS)
    text = f"{rule.summary}.\n\n{rule.kind.meaning}\n\nWhat to do: {page}"
    absent = rule.kind is ABSENT
    return {
        "displayName": pulumi.Output.concat(title, " in ", of.region),
        "combiner": "AND",
        "conditions": [(_absence if absent else _threshold)(rule, each, of) for each in parts],
        "severity": SEVERITIES[rule.severity],
        "documentation": {"content": text, "mimeType": "text/markdown", "subject": f"{rule.severity}: {rule.summary}"},
        "notificationChannels": list(channels),
        "userLabels": {**own.plan.tags, "rule": rule.name, "severity": rule.severity},
        **({} if absent else {"alertStrategy": {"autoClose": QUIET}}),
    }


def _threshold(rule: AlertRule, part: Part, of: Watched) -> dict[str, Any]:
    """Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#MetricThreshold"""
    condition, number = part.condition, part.number
    least = condition.threshold - (HALF if condition.comparison == ">=" else 0)
    threshold = {
        "filter": number.series.filter(of),
        **number.series.aggregations,
        "comparison": COMPARISONS[condition.comparison],
        "thresholdValue": round(least * number.times, 9),
        "duration": _duration(rule),
    }
    return {"displayName": _words(condition), "conditionThreshold": threshold}


def _absence(rule: AlertRule, part: Part, of: Watched) -> dict[str, Any]:
    """Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#MetricAbsence"""
    series = part.number.series
    absent = {"filter": series.filter(of), **series.aggregations, "duration": _duration(rule)}
    return {"displayName": _words(part.condition), "conditionAbsent": absent}


def _duration(rule: AlertRule) -> str:
    """In whole minutes."""
    minutes = -(-rule.lasting.seconds // MINUTE) if rule.lasting else 0
    return f"{minutes * MINUTE:.0f}s"


def _words(condition: Condition) -> str:
    reading = condition.reading
    over = f" over {reading.window}" if reading.window else ""
    return f"{reading.signal.replace('_', ' ')}{over} {condition.comparison} {condition.threshold:g}"
