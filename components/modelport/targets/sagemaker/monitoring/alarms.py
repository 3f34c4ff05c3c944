"""The alert rules of a service as alarms of CloudWatch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pulumi

from modelport.monitoring import AlertRule, Condition, Reading, alert_rules
from modelport.monitoring.alert import Category
from modelport.monitoring.burn import BURN_RATES
from modelport.monitoring.objectives import PERCENTILES
from modelport.monitoring.runbooks import RUNBOOKS, runbook
from modelport.monitoring.saturation import ACCELERATOR_MEMORY, CPU, IN_FLIGHT, MEMORY
from modelport.monitoring.silence import ABSENT

from ..names import endpoint_name
from ..resources import COMPOSITE_ALARM, METRIC_ALARM, Kind, Resources
from .metrics import Query
from .queries import Watched, period_of, query

OPERATORS = {">": "GreaterThanThreshold", ">=": "GreaterThanOrEqualToThreshold", "<": "LessThanThreshold"}
NAME_LENGTH = 255
"""Most characters of an alarm's name: botocore, PutMetricAlarm."""
OBJECTIVES = ("availability", *(f"latency-{percentile}" for percentile in PERCENTILES))
ALONE = (IN_FLIGHT, CPU, MEMORY, ACCELERATOR_MEMORY, ABSENT)
"""Kinds of alerts that are one alarm each."""


@dataclass(frozen=True)
class Guard:
    """An alarm that may undo a deployment.

    Attributes:
        seconds: that it looks back on.
    """

    name: str
    category: Category
    seconds: int


@dataclass(frozen=True)
class Alarms:
    """The alarms of a service.

    Attributes:
        names: those that somebody hears of.
        guards: by which a deployment can be judged while it goes on, quickest first.
        resources: what has to be there before a deployment may name them.
    """

    names: Sequence[str] = ()
    guards: Sequence[Guard] = ()
    resources: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True)
class Part:
    """Conditions of a rule over the same time: the first, as long as the others hold.

    Attributes:
        seconds: that it looks back on at once.
    """

    about: Condition
    number: Query
    seconds: int


def alarm_roles() -> Iterator[tuple[str, Kind]]:
    """The roles that alarms may have."""
    for objective in OBJECTIVES:
        for rate in BURN_RATES:
            role = f"alarm-{objective}-burn-{rate.long_window}"
            yield role, COMPOSITE_ALARM
            yield from ((f"{role}-over-{window}", METRIC_ALARM) for window in (rate.long_window, rate.short_window))
    yield from ((f"alarm-{kind.name}", METRIC_ALARM) for kind in ALONE)


def slo_alarms(own: Resources, heard: Sequence[pulumi.Input[str]]) -> Alarms:
    """An alarm for each rule that SageMaker's metrics can tell, made from the endpoint's name, before it is there.

    Args:
        heard: who is told, as ARNs.
    """
    rules = [rule for rule in alert_rules(own.plan.as_served()) if rule.kind is not ABSENT]
    return _all(own, rules, heard, None)


def absence_alarm(own: Resources, heard: Sequence[pulumi.Input[str]], endpoint: pulumi.Resource) -> Alarms:
    """The alarm on an endpoint that nothing is heard of, made after it, or it would fire while that is being made."""
    rules = [rule for rule in alert_rules(own.plan.as_served()) if rule.kind is ABSENT]
    return _all(own, rules, heard, pulumi.ResourceOptions(depends_on=[endpoint]))


def parts_of(rule: AlertRule, watched: Watched) -> list[Part] | None:
    """The rule's conditions by the time that they look back on; None where SageMaker does not tell all of them."""
    parts = []
    for seconds, conditions in groupby(sorted(rule.conditions, key=_order(rule)), key=lambda each: _seconds(each)):
        about, *guards = conditions
        numbers = [query(each.reading, watched) for each in (about, *guards)]
        if any(each is None for each in numbers):
            return None
        number, *others = (each for each in numbers if each is not None)
        for guard, other in zip(guards, others, strict=True):
            number = number.only_if(other, guard.comparison, guard.threshold)
        parts.append(Part(about, number, seconds))
    return parts


def _order(rule: AlertRule) -> Any:
    """Conditions over the same time beside each other, in the order in which the rule has them."""
    times = list(dict.fromkeys(_seconds(each) for each in rule.conditions))
    return lambda condition: times.index(_seconds(condition))


def _seconds(condition: Condition) -> int:
    return period_of(condition.reading)


def _all(
    own: Resources, rules: Sequence[AlertRule], heard: Sequence[pulumi.Input[str]], opts: pulumi.ResourceOptions | None
) -> Alarms:
    watched, names, guards, before = Watched.of(own.plan), [], [], len(own.resources)
    for rule in rules:
        if parts := parts_of(rule, watched):
            made = _made(own, rule, parts, heard, opts)
            names.append(alarm_name(own, rule.name))
            guards += [each for each in made if _guards(rule)]
    found = sorted(guards, key=lambda each: each.seconds)
    return Alarms(names, found, list(own.resources.values())[before:])


def alarm_name(own: Resources, *parts: str) -> str:
    """The name of an alarm, the same whichever release is stable."""
    words = [word for part in parts for word in part.split("-")]
    return own.plan.names.of(*words, max_length=NAME_LENGTH)


def _guards(rule: AlertRule) -> bool:
    """Whether a rule may undo a deployment: what wakes people, and instances that are full."""
    return rule.severity == "page" or rule.kind.category == "saturation"


def _made(
    own: Resources,
    rule: AlertRule,
    parts: Sequence[Part],
    heard: Sequence[pulumi.Input[str]],
    opts: pulumi.ResourceOptions | None,
) -> list[Guard]:
    """The alarm of a rule; where it looks back on several times, one for each and one for all of them."""
    if len(parts) == 1:
        made = _metric_alarm(own, rule, parts[0], f"alarm-{rule.name}", alarm_name(own, rule.name), heard, opts)
        return [made]
    alarms = []
    for part in parts:
        window = part.about.reading.window
        role = f"alarm-{rule.name}-over-{window}"
        alarms.append(_metric_alarm(own, rule, part, role, alarm_name(own, rule.name, str(window)), [], opts))
    inputs = {
        "alarmName": alarm_name(own, rule.name),
        "alarmDescription": _description(own, rule),
        "alarmRule": " AND ".join(f'ALARM("{each.name}")' for each in alarms),
        "alarmActions": list(heard),
        "okActions": list(heard),
    }
    needed = [own.resources[f"alarm-{rule.name}-over-{part.about.reading.window}"] for part in parts]
    opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=needed))
    own.register(COMPOSITE_ALARM, f"alarm-{rule.name}", {**inputs, "tags": _tags(own, rule)}, opts)
    return alarms[1:]  # the short window: the long one still knows what was before


def _metric_alarm(
    own: Resources,
    rule: AlertRule,
    part: Part,
    role: str,
    name: str,
    heard: Sequence[pulumi.Input[str]],
    opts: pulumi.ResourceOptions | None,
) -> Guard:
    periods = max(1, math.ceil(rule.lasting.seconds / part.seconds)) if rule.lasting else 1
    inputs = {
        "name": name,
        "alarmDescription": _description(own, rule),
        "comparisonOperator": OPERATORS[part.about.comparison],
        "threshold": part.about.threshold,
        "evaluationPeriods": periods,
        "treatMissingData": "breaching" if rule.kind is ABSENT else "notBreaching",
        "metricQueries": part.number.data(endpoint_name(own.plan), _label(part.about.reading)),
        **({"alarmActions": list(heard), "okActions": list(heard)} if heard else {}),
    }
    own.register(METRIC_ALARM, role, {**inputs, "tags": _tags(own, rule)}, opts)
    return Guard(name, rule.kind.category, part.seconds * periods)


def _description(own: Resources, rule: AlertRule) -> str:
    """What somebody who is woken reads."""
    page = runbook(rule.kind, own.plan.environment.existing.runbooks or RUNBOOKS)
    return f"{rule.severity}: {rule.summary}. {rule.kind.meaning} What to do: {page}"


def _label(reading: Reading) -> str:
    return f"{reading.signal} over {reading.window or '1m'}"


def _tags(own: Resources, rule: AlertRule) -> Mapping[str, str]:
    """Those of all resources, which rule it is, and the objective that it is about."""
    of = next((each.reading.objective for each in rule.conditions if each.reading.objective), None)
    return {**own.plan.tags, "rule": rule.name, "severity": rule.severity, **({"objective": of.name} if of else {})}
