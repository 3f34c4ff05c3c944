"""How a service stays up: probes, drains, updates, and the loss of a node or a zone."""

from __future__ import annotations

import math
from typing import Any

from modelport.plan import Plan

from ..objects import DISRUPTION_BUDGET, Objects, selector_of
from .surge import SURGE_PERCENT, surge

READY, LIVE = "/v2/health/ready", "/v2/health/live"
WITHDRAWAL_SECONDS = 5
"""Time for every proxy of the cluster to learn that a pod takes no more requests."""
EXIT_SECONDS = 5
ARRIVAL_SECONDS = 300
"""Time for a node to pull the image and for the model to come."""
LONGEST_PERIOD, STARTUP_PROBES, LIVENESS_PERIOD = 5, 60, 10
SKEW, LOOSE_SKEW = 1, 100
"""Pods by which nodes may differ; with the second, the scheduler's scores of nodes hardly do while they have fewer."""
SPREAD_OVER = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


def probes(startup_seconds: int) -> dict[str, Any]:
    """Probes of a server that may take so long until it is ready: none but the first kills it before."""
    period = max(1, min(LONGEST_PERIOD, startup_seconds // STARTUP_PROBES))
    timing = {"periodSeconds": period, "timeoutSeconds": 2}
    return {
        "startupProbe": {**_get(READY), **timing, "failureThreshold": math.ceil(startup_seconds / period)},
        "readinessProbe": {**_get(READY), **timing, "failureThreshold": 3},
        "livenessProbe": {**_get(LIVE), **timing, "periodSeconds": LIVENESS_PERIOD, "failureThreshold": 3},
    }


def lifecycle() -> dict[str, Any]:
    """A pod that is to go still answers until nobody sends it requests any more."""
    return {"preStop": {"sleep": {"seconds": WITHDRAWAL_SECONDS}}}


def grace_seconds(plan: Plan) -> int:
    """Time from the decision that a pod goes to its end: until the longest request that it has is answered."""
    return WITHDRAWAL_SECONDS + drain_seconds(plan) + EXIT_SECONDS


def drain_seconds(plan: Plan) -> int:
    """Time that requests which are being answered get."""
    return math.ceil(plan.spec.request.timeout.seconds)


def update(plan: Plan) -> dict[str, Any]:
    """New pods come before old ones go, however many there are; a pod that does not become ready stops the update."""
    strategy = {"maxUnavailable": 0, "maxSurge": f"{SURGE_PERCENT}%"}
    return {
        "strategy": {"type": "RollingUpdate", "rollingUpdate": strategy},
        "progressDeadlineSeconds": progress_seconds(plan),
        "revisionHistoryLimit": 3,
    }


def progress_seconds(plan: Plan) -> int:
    """Longest time in which a further pod becomes ready."""
    return plan.spec.startup_seconds + ARRIVAL_SECONDS


def update_seconds(plan: Plan) -> int:
    """Longest time of a whole update."""
    replicas = plan.spec.scaling.max
    return math.ceil(replicas / surge(replicas)) * progress_seconds(plan) + grace_seconds(plan)


def spread(plan: Plan, slot: str) -> list[dict[str, Any]]:
    """Pods of one version over zones and nodes, as evenly as the cluster has room.

    The order of pools goes first: the more skew is allowed, the less the scheduler makes of it.
    """
    pools = plan.placement.pools if plan.placement else ()
    skew = SKEW if len(pools) <= 1 else LOOSE_SKEW
    return [
        {
            "topologyKey": key,
            "maxSkew": skew,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector_of(plan, slot)},
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in SPREAD_OVER
    ]


def disruption_budget(own: Objects, slot: str) -> None:
    """Whoever drains nodes takes one pod at a time; one that is not ready anyway stands in nobody's way."""
    spec = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": selector_of(own.plan, slot)},
    }
    own.object(DISRUPTION_BUDGET, f"disruption-{slot}", {"spec": spec})


def _get(path: str) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "http"}}
