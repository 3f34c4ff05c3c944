from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pulumi

from modelport.monitoring.prometheus.load import in_flight, requests_per_second, waiting
from modelport.monitoring.prometheus.scrape import Scrape
from modelport.plan import Plan
from modelport.plan.bounds import DAY, HOUR, Period, fewest, is_fixed, may_rest, periods
from modelport.spec import Scaling

from ..objects import HORIZONTAL_AUTOSCALER, SCALED_OBJECT, Objects, workload

STABILIZATION = 300
SHORTEST_GROWTH, LONGEST_GROWTH = 15, 1800
"""In seconds; an autoscaler allows no more."""
QUERIES = {"requestsPerSecond": requests_per_second, "concurrency": in_flight, "waiting": waiting}
UNSEEN = {"ignoreNullValues": "false"}
"""No pod is scraped: that is an error, and the pods stay. A service that may rest has no pods then, and no load."""
TAKES_OVER = {"scaledobject.keda.sh/transfer-hpa-ownership": "true"}
"""A service that goes over to KEDA keeps its autoscaler: https://keda.sh/docs/2.20/concepts/scaling-deployments/."""


def scaling(own: Objects, slot: str) -> None:
    """The number of a version's pods follows its load, between the bounds; a fixed number needs nobody."""
    plan = own.plan
    if is_fixed(plan.spec.scaling):
        return
    opts = pulumi.ResourceOptions(depends_on=[own.resources[f"server-{slot}"]])
    name = workload(plan, slot)
    if plan.environment.existing.autoscaler == "keda":
        body, metadata = {"spec": _by_keda(own, slot)}, {"annotations": TAKES_OVER}
        own.object(SCALED_OBJECT, f"scaledobject-{slot}", body, name=name, metadata=metadata, opts=opts)
    else:
        body = {"spec": _by_cpu(plan, name)}
        own.object(HORIZONTAL_AUTOSCALER, f"autoscaler-{slot}", body, name=name, opts=opts)


def behavior(startup_seconds: int) -> dict[str, Any]:
    """Grow to the double at most while new pods start; shrink slowly, and not before a new pod could be there again."""
    growth = min(max(startup_seconds, SHORTEST_GROWTH), LONGEST_GROWTH)
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "policies": [_at_most("Percent", 100, growth), _at_most("Pods", 4, growth)],
            "selectPolicy": "Max",
        },
        "scaleDown": {
            "stabilizationWindowSeconds": max(startup_seconds, STABILIZATION),
            "policies": [_at_most("Percent", 10, 60), _at_most("Pods", 1, 60)],
            "selectPolicy": "Max",
        },
    }


def _by_cpu(plan: Plan, server: str) -> dict[str, Any]:
    bounds = plan.spec.scaling
    target = {"type": "Utilization", "averageUtilization": int(bounds.target.value)}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": server},
        "minReplicas": bounds.min,
        "maxReplicas": bounds.max,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        "behavior": behavior(plan.spec.startup_seconds),
    }


def _by_keda(own: Objects, slot: str) -> dict[str, Any]:
    plan, bounds = own.plan, own.plan.spec.scaling
    name, startup = workload(plan, slot), plan.spec.startup_seconds
    of_requests = bounds.target.metric in QUERIES
    fallback = {"failureThreshold": 3, "replicas": bounds.min, "behavior": "currentReplicasIfHigher"}
    return {
        "scaleTargetRef": {"name": name},
        "minReplicaCount": fewest(bounds),
        "maxReplicaCount": bounds.max,
        **({"idleReplicaCount": 0} if bounds.scale_to_zero else {}),
        "cooldownPeriod": max(startup, STABILIZATION),
        "triggers": [_of_load(own, slot), *_of_schedule(bounds)],
        **({"fallback": fallback} if of_requests else {}),
        "advanced": {"horizontalPodAutoscalerConfig": {"name": name, "behavior": behavior(startup)}},
    }


def _of_load(own: Objects, slot: str) -> dict[str, Any]:
    target = own.plan.spec.scaling.target
    if target.metric == "cpu":
        return {"type": "cpu", "metricType": "Utilization", "metadata": {"value": f"{target.value:g}"}}
    asked = {
        "serverAddress": own.plan.environment.existing.prometheus_address,
        "query": pulumi.Output.from_input(own.namespace).apply(lambda namespace: _query(own.plan, slot, namespace)),
        "threshold": f"{target.value:g}",
        **({} if may_rest(own.plan.spec.scaling) else UNSEEN),
    }
    return {"type": "prometheus", "metricType": "AverageValue", "metadata": asked}


def _query(plan: Plan, slot: str, namespace: str) -> str:
    """The load of a version; of a service that may have no pods, what comes for it."""
    demand = plan.environment.existing.demand
    if plan.spec.scaling.scale_to_zero and demand is not None:
        return demand.replace("$SERVICE", plan.names.of()).replace("$NAMESPACE", namespace)
    load = QUERIES[plan.spec.scaling.target.metric]
    return load(Scrape.of_pods(plan.name, namespace), f'pod=~"{workload(plan, slot)}-.+"')


def _of_schedule(bounds: Scaling) -> list[dict[str, Any]]:
    """A trigger for the times of the week that begin and end alike and have more instances than the fewest."""
    if not bounds.schedule:
        return []
    alike: dict[tuple[int, int, int], list[Period]] = defaultdict(list)
    for period in periods(bounds.schedule):
        if period.window.min > fewest(bounds):
            alike[period.start % DAY, period.minutes, period.window.min].append(period)
    timezone = bounds.schedule[0].timezone
    return [
        {
            "type": "cron",
            "metadata": {
                "timezone": timezone,
                "start": _cron(each.start for each in group),
                "end": _cron(each.start + each.minutes for each in group),
                "desiredReplicas": str(instances),
            },
        }
        for (_, _, instances), group in alike.items()
    ]


def _cron(moments: Iterable[int]) -> str:
    """The expression for moments at the same time of several days of the week."""
    found = list(moments)
    days = sorted({moment // DAY % 7 for moment in found})
    hour, minute = divmod(found[0] % DAY, HOUR)
    return f"{minute} {hour} * * {'*' if len(days) == 7 else ','.join(map(str, days))}"


def _at_most(kind: str, value: int, seconds: int) -> dict[str, Any]:
    return {"type": kind, "value": value, "periodSeconds": seconds}
