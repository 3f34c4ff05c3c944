"""Alerts on what is not heard any more: the service, some of its instances, its callers."""

from collections.abc import Iterator

from modelport.spec import Duration, ModelSpec

from .alert import AlertRule, Condition, Kind
from .readings import Reading, Signal

ABSENT = Kind("service-absent", "silence", "No instance of the service is known to the monitoring.", ("page",))
DOWN = Kind("service-down", "silence", "There are instances, and none of them is ready.", ("page",))
MISSING = Kind("instances-missing", "silence", "Fewer instances are ready than `scaling.min` asks for.")
TRAFFIC = Kind("traffic-stopped", "silence", "Nobody has asked for an hour in which many asked a week ago.")

HOUR, MINUTE, WEEK = (Duration.parse(text) for text in ("1h", "1m", "7d"))
USUAL_REQUESTS = 60
"""Requests in the same hour of the week before, from which on none at all is strange."""


def silence_rules(spec: ModelSpec) -> Iterator[AlertRule]:
    """The rules on silence. Where no instance may be a plan, as with `scaling.scaleToZero`, none missing is trouble."""
    if spec.mode == "batch":
        return
    if (least := _least_instances(spec)) > 0:
        yield from _instances(spec, least)
    yield _traffic(spec.metadata.name)


def _least_instances(spec: ModelSpec) -> int:
    if spec.mode == "serverless" or spec.scaling.scale_to_zero:
        return 0
    return min([spec.scaling.min, *(window.min for window in spec.scaling.schedule)])


def _instances(spec: ModelSpec, least: int) -> Iterator[AlertRule]:
    service = spec.metadata.name
    started = Duration(spec.startup_seconds * 1000 + MINUTE)
    known, ready = Reading(Signal.INSTANCES), Reading(Signal.READY)
    none, some = Condition(known, "<", 1), Condition(known, ">=", 1)
    unready, missing = Condition(ready, "<", 1), Condition(ready, "<", least)
    text = f"{service}: no instance is known to the monitoring"
    yield AlertRule(ABSENT.name, ABSENT, service, "page", text, (none,), Duration(5 * MINUTE))
    yield AlertRule(DOWN.name, DOWN, service, "page", f"{service}: no instance is ready", (unready, some), started)
    if least > 1:
        text = f"{service}: fewer than {least} instances are ready"
        lasting = Duration(started + 10 * MINUTE)
        conditions = (missing, Condition(ready, ">=", 1))
        yield AlertRule(MISSING.name, MISSING, service, "ticket", text, conditions, lasting)


def _traffic(service: str) -> AlertRule:
    now, before = Reading(Signal.REQUESTS, HOUR), Reading(Signal.REQUESTS, HOUR, ago=WEEK)
    return AlertRule(
        name=TRAFFIC.name,
        kind=TRAFFIC,
        service=service,
        severity="ticket",
        summary=f"{service}: no request for an hour, and {USUAL_REQUESTS} or more in this hour a week ago",
        conditions=(Condition(now, "<", 1), Condition(before, ">=", USUAL_REQUESTS)),
        lasting=Duration(10 * MINUTE),
    )
