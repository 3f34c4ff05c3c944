"""The objectives of a service, as Cloud Monitoring keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pulumi

from modelport.monitoring import Objective, objectives
from modelport.monitoring.objectives import PERCENTILES

from ..project import Project
from ..resources import MONITORED, OBJECTIVE, Kind, Resources
from .queries import ANSWERED, DURATION, FAILED, MILLISECONDS
from .series import Watched

DAYS = 30
LENGTH = 30
"""Characters of the service's name, besides a region's."""


def objective_roles() -> Iterator[tuple[str, Kind]]:
    """The roles of objectives, and of what they are of."""
    yield "monitored", MONITORED
    yield from ((f"slo-{name}", OBJECTIVE) for name in ("availability", *(f"latency-{each}" for each in PERCENTILES)))


def watched(own: Resources, project: Project, endpoint: pulumi.Input[str]) -> Watched:
    """The endpoint as who watches it knows it.

    Args:
        endpoint: its number.
    """
    name = pulumi.Output.concat(own.plan.names.of(max_length=LENGTH), "-", project.region)
    own.make(MONITORED, "monitored", {"serviceId": name, "displayName": name})
    service = pulumi.Output.concat("projects/", project.number, "/services/", name)
    return Watched(endpoint, project.region, service)


def measured(own: Resources, of: Watched) -> list[pulumi.Resource]:
    """Each objective over 30 days."""
    return [_objective(own, each, of) for each in objectives(own.plan.spec)]


def _objective(own: Resources, objective: Objective, of: Watched) -> pulumi.Resource:
    inputs = {
        "service": own.resources["monitored"].service_id,
        "sloId": objective.name,
        "displayName": f"{objective.name}, {objective.target:g} %",
        "goal": round(objective.target / 100, 9),
        "rollingPeriodDays": DAYS,
        "requestBasedSli": _good(objective, of),
    }
    made: pulumi.Resource = own.make(OBJECTIVE, f"slo-{objective.name}", inputs)
    return made


def _good(objective: Objective, of: Watched) -> dict[str, Any]:
    """What tells good requests from others."""
    if objective.within is None:
        return {"goodTotalRatio": {"badServiceFilter": FAILED.filter(of), "totalServiceFilter": ANSWERED.filter(of)}}
    most = objective.within * MILLISECONDS
    return {"distributionCut": {"distributionFilter": DURATION.filter(of), "range": {"max": most}}}
