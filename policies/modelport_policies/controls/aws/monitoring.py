"""GOV on AWS, continued: what is known of how well an endpoint serves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from modelport_policies.aws import (
    ALARM,
    CLOUD_CONTROL,
    COMPOSITE_ALARM,
    DASHBOARD,
    JOB_TYPES,
    JOBS,
    OBJECTIVE,
    described,
    job,
)
from modelport_policies.control import NotApplicable
from modelport_policies.relations import in_production, tag
from modelport_policies.resource import Resource, UnknownValueError, at, is_filled, is_set, items, text, type_of

MEASURED = {
    "errors": {"Invocation5XXErrors", "InvocationModelErrors"},
    "latency": {"ModelLatency", "OverheadLatency", "TimeToFirstByte"},
    "saturation": {
        *("CPUUtilization", "CPUUtilizationNormalized", "MemoryUtilization", "MemoryUtilizationNormalized"),
        *("GPUUtilization", "GPUMemoryUtilization", "DiskUtilization", "ConcurrentRequestsPerModel"),
        *("ConcurrentRequestsPerCopy", "InvocationsPerInstance", "ApproximateBacklogSizePerInstance"),
        *("ServerlessConcurrentExecutionsUtilization", "ServerlessProvisionedConcurrencyUtilization"),
    },
}
"""What SageMaker's metrics are called."""
NAMED = re.compile(r"""ALARM\(\s*["']?([^"')]+?)["']?\s*\)""")
"""The alarms, by name or ARN, whose trouble a rule is about."""


def endpoint_is_watched(endpoint: Resource) -> Iterable[str]:
    """A monitoring schedule of the stack is about the endpoint, itself or by the job that it runs, unless a tag
    `environment` is dev or test.
    """
    in_production(endpoint)
    found = list(jobs(endpoint))
    if not one_holds(partial(is_watching, each, found, endpoint) for each in found):
        yield "nothing compares what it is asked with what the model was trained on"


def one_holds(tests: Iterable[Callable[[], bool]]) -> bool:
    """Whether one of some tests holds. Ends with an error where none does, and what one asks is not known yet."""
    unknown = None
    for test in tests:
        try:
            if test():
                return True
        except UnknownValueError as error:
            unknown = error
    if unknown:
        raise unknown
    return False


def jobs(endpoint: Resource) -> Iterator[Resource]:
    """The monitoring jobs and schedules of the stack."""
    for type_ in JOBS:
        for each in endpoint.stack.by(type_of).get(type_, ()):
            if type_ != CLOUD_CONTROL or each.at("typeName") in JOB_TYPES:
                yield each


def is_watching(definition: Resource, schedules: Iterable[Resource], endpoint: Resource) -> bool:
    """Whether a job is about an endpoint, and is a schedule itself, or one of these runs it."""
    return is_about(definition, endpoint) and one_holds(
        partial(is_schedule, each) if each is definition else partial(runs, each, definition) for each in schedules
    )


def is_about(resource: Resource, endpoint: Resource) -> bool:
    """Whether a monitoring job or schedule reads what an endpoint captures."""
    if any(endpoint.urn in urns for urns in resource.dependencies.values()):
        return True
    return text(endpoint.at("name")) in given(described(resource), "endpointName")


def given(value: Any, name: str) -> Iterator[str]:
    """What keys of this name have, however deep they are."""
    if isinstance(value, Mapping):
        if value.get(name) is not None:
            yield text(value[name])
        value = [value[key] for key in value if key != name]
    for each in items(value):
        yield from given(each, name)


def is_schedule(resource: Resource) -> bool:
    """Whether a job runs again and again."""
    return at(described(resource), "monitoringScheduleConfig") is not None


def runs(schedule: Resource, definition: Resource) -> bool:
    """Whether a schedule runs a job that is defined by itself."""
    if any(definition.urn in urns for urns in schedule.dependencies.values()):
        return is_schedule(schedule)
    names = {text(at(described(definition), key)) for key in ("name", "jobDefinitionName")} - {""}
    return not names.isdisjoint(given(described(schedule), "monitoringJobDefinitionName"))


def job_has_baseline(resource: Resource) -> Iterable[str]:
    """The job has a baseline to compare with: its constraints, its statistics or the job that makes them. A schedule
    says when, too (`scheduleExpression`).
    """
    schedule = at(described(resource), "monitoringScheduleConfig")
    if schedule is not None and not is_set(at(schedule, "scheduleConfig"), "scheduleExpression"):
        yield "nothing says when the job runs"
    baseline = job(resource).baseline
    if not any(is_set(baseline, key) for key in ("baseliningJobName", "constraintsResource", "statisticsResource")):
        yield "the job has nothing to compare with"


def failures_are_noticed(endpoint: Resource) -> Iterable[str]:
    """The stack has a `MetricAlarm` about errors of the endpoint, one about latency and one about saturation, whose
    actions are on, unless a tag `environment` is dev or test. Latency is not asked for where tags `objective` of the
    stack's alarms say what the objectives are, and it is none.
    """
    in_production(endpoint)
    found = [each for each in alarms(endpoint) if each.at("actionsEnabled") is not False]
    heard = {metric for each in found for metric in metrics(each)}
    objectives = {text(tag(each, "objective")) for each in endpoint.stack.by(type_of).get(ALARM, ())} - {""}
    unasked = {"latency"} if objectives and not any("latency" in each for each in objectives) else set()
    if missing := [name for name, called in MEASURED.items() if name not in unasked and not heard & called]:
        yield f"no alarm is about {', '.join(missing)}"


def alarms(endpoint: Resource) -> Iterator[Resource]:
    """The alarms of the stack about an endpoint."""
    for alarm in endpoint.stack.by(type_of).get(ALARM, ()):
        urns = [*alarm.dependencies.get("dimensions", ()), *alarm.dependencies.get("metricQueries", ())]
        measured = [alarm.inputs, *(at(each, "metric") for each in items(alarm.at("metricQueries")))]
        if endpoint.urn in urns or endpoint.at("name") in [at(each, "dimensions", "EndpointName") for each in measured]:
            yield alarm


def metrics(alarm: Resource) -> Iterator[str]:
    """The names of the metrics that an alarm reads."""
    yield text(alarm.at("metricName"))
    yield from (text(at(each, "metric", "metricName")) for each in items(alarm.at("metricQueries")))


def alarm_reaches_somebody(alarm: Resource) -> Iterable[str]:
    """`alarmActions` has some, and `actionsEnabled` is not false. An alarm that the `alarmRule` of a `CompositeAlarm`
    of the stack names needs none: that one tells.
    """
    if alarm.at("actionsEnabled") is False:
        yield "the actions of the alarm are off"
    elif not is_filled(alarm, "alarmActions"):
        composites = alarm.stack.by(type_of).get(COMPOSITE_ALARM, ())
        if one_holds(partial(speaks_for, each, alarm) for each in composites if each is not alarm):
            raise NotApplicable("an alarm that is made of it tells somebody")
        yield "nobody is told: it has no alarmActions"


def speaks_for(composite: Resource, alarm: Resource) -> bool:
    """Whether an alarm is among those that another one is made of."""
    if alarm.urn in composite.dependencies.get("alarmRule", ()):
        return True
    named = {name.rpartition(":alarm:")[2] for name in NAMED.findall(text(composite.at("alarmRule")))}
    return text(alarm.at("alarmName" if alarm.type == COMPOSITE_ALARM else "name")) in named


def endpoint_is_measured(endpoint: Resource) -> Iterable[str]:
    """The stack has a `Dashboard`, and an objective: an `AWS::ApplicationSignals::ServiceLevelObjective`, or a
    `MetricAlarm` with a tag `objective` or `slo`.
    """
    types = endpoint.stack.by(type_of)
    alarms_of_objectives = (each for each in types.get(ALARM, ()) if tag(each, "objective") or tag(each, "slo"))
    objectives = (each for each in types.get(CLOUD_CONTROL, ()) if each.at("typeName") == OBJECTIVE)
    if not any(alarms_of_objectives) and not any(objectives):
        yield "nothing says how well the endpoint has to serve"
    if not types.get(DASHBOARD):
        yield "no dashboard shows how well the endpoint serves"
