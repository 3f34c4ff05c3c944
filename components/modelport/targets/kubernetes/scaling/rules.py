from __future__ import annotations

import re
from collections.abc import Iterator

from modelport.plan import Objection
from modelport.plan.bounds import is_fixed, periods
from modelport.spec import Environment, Existing, ModelSpec, Scaling

METRIC, SCHEDULE, TO_ZERO = "scaling.target.metric", "scaling.schedule", "scaling.scaleToZero"
EXISTING = "modelport:existing"
ADDRESS = re.compile(r"https?://[^/@\s]+(/[^@\s]*)?")
INSTALL = f"Install KEDA and set {EXISTING}.autoscaler: keda, or leave the field out."


def scaling_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """What is wrong with how the number of instances is to change."""
    scaling, existing = spec.scaling, environment.existing
    if is_fixed(scaling):
        return
    yield from _metric(scaling, existing)
    if scaling.scale_to_zero:
        yield from _to_zero(scaling, existing)
    if scaling.schedule:
        yield from _schedule(scaling, existing)


def _metric(scaling: Scaling, existing: Existing) -> Iterator[Objection]:
    metric, value = scaling.target.metric, scaling.target.value
    if metric == "accelerator":
        alternative = "Use concurrency: it grows with what waits for the accelerator."
        yield Objection(METRIC, metric, "the service's own metrics do not tell it", alternative)
    elif metric == "cpu":
        if value != int(value):
            yield Objection("scaling.target.value", value, "autoscalers know whole percents", "Round it.")
    elif existing.autoscaler != "keda":
        reason = "the autoscaler of Kubernetes knows CPU, and no requests"
        yield Objection(
            METRIC, metric, reason, f"Set {EXISTING}.autoscaler: keda where KEDA is, or use the metric cpu."
        )
    else:
        yield from _prometheus(existing)


def _prometheus(existing: Existing) -> Iterator[Objection]:
    address, path = existing.prometheus_address, f"{EXISTING}.prometheusAddress"
    alternative = "Write it like http://prometheus.monitoring:9090."
    if address is None:
        yield Objection(path, None, "KEDA asks Prometheus for requests, and the stack does not say where", alternative)
    elif isinstance(address, str) and not ADDRESS.fullmatch(address):
        yield Objection(path, None, "this is no address of a Prometheus, or it has a password in it", alternative)


def _to_zero(scaling: Scaling, existing: Existing) -> Iterator[Objection]:
    if existing.autoscaler != "keda":
        yield Objection(TO_ZERO, True, "the autoscaler of Kubernetes keeps an instance", INSTALL)
    elif scaling.schedule:
        alternative = f"Use windows with min: 0 instead of {TO_ZERO}."
        yield Objection(TO_ZERO, True, "a window keeps its instances, whether requests come or not", alternative)
    elif scaling.target.metric != "requestsPerSecond":
        alternative = "Use requestsPerSecond."
        yield Objection(METRIC, scaling.target.metric, "without instances nobody can tell it", alternative)
    elif existing.demand is None:
        alternative = 'Write the query for what the gateway counts, like sum(rate(METRIC{service="$SERVICE"}[1m])).'
        yield Objection(
            f"{EXISTING}.demand", None, "instances that do not run count no requests that would wake them", alternative
        )


def _schedule(scaling: Scaling, existing: Existing) -> Iterator[Objection]:
    if existing.autoscaler != "keda":
        yield Objection(SCHEDULE, None, "the autoscaler of Kubernetes has no schedules", INSTALL)
        return
    if len({window.timezone for window in scaling.schedule}) > 1:
        yield Objection(SCHEDULE, None, "its windows have several time zones", "Write all times in one time zone.")
    try:
        periods(scaling.schedule)
    except ValueError as error:
        alternative = "Write two windows or more that begin at times of the week, like 0 8 * * 1-5 and 0 20 * * 1-5."
        yield Objection(SCHEDULE, None, str(error), alternative)
    if not any(window.min for window in scaling.schedule):
        alternative = "Write min: 1 or more in the window in which the service is to run."
        yield Objection(SCHEDULE, None, "no window starts an instance", alternative)
    most = {window.max for window in scaling.schedule}
    off = {0} if scaling.target.metric == "cpu" else set()
    if wrong := sorted(most - off - {scaling.max}):
        alternative = f"Write max: {scaling.max} in each window{', or 0 to switch the service off' if off else ''}."
        yield Objection(SCHEDULE, None, f"KEDA has one upper bound, and a window says max: {wrong[0]}", alternative)
