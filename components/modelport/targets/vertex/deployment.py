from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from modelport.plan import Plan
from modelport.plan.bounds import is_fixed
from modelport.targets.version import Version

from .capacity import ACCELERATORS
from .model import to_deploy
from .monitoring.series import PREFIX
from .resources import DeployedModel, Model, Resources, TrafficSplit

METRICS = {
    "cpu": ("cpu/utilization", 1),
    "accelerator": ("accelerator/duty_cycle", 1),
    "requestsPerSecond": ("request_count", 60),
}
"""Names of metrics by `scaling.target.metric`, and by how much their values differ: requests are counted by minute."""


def deployment(own: Resources, version: Version, model: Model, account: pulumi.Input[str]) -> DeployedModel:
    """A version on machines behind the endpoint, without requests as yet."""
    inputs = {
        "endpoint": own.resources["endpoint"].id,
        "model": model.versionName,
        "displayName": version.slot,
        "dedicatedResources": machines(own.plan),
        "serviceAccount": account,
        "enableAccessLogging": True,
        "seconds": to_deploy(own.plan),
    }
    return own.make(DeployedModel, f"deployment-{version.slot}", inputs)


def traffic(own: Resources, deployed: Mapping[str, DeployedModel], shares: Mapping[str, int]) -> TrafficSplit:
    """Who gets the requests.

    Args:
        deployed: by slot.
        shares: in percent, by slot.
    """
    ids = {slot: each.deployedModelId for slot, each in deployed.items()}
    percentages = pulumi.Output.all(**ids).apply(lambda known: {known[slot]: share for slot, share in shares.items()})
    return own.make(TrafficSplit, "traffic", {"endpoint": own.resources["endpoint"].id, "percentages": percentages})


def machines(plan: Plan) -> dict[str, Any]:
    """What a version runs on, and what the number of machines follows."""
    scaling = plan.spec.scaling
    bounds = {"minReplicaCount": scaling.min, "maxReplicaCount": scaling.max}
    followed = {} if is_fixed(scaling) else {"autoscalingMetricSpecs": [_followed(plan)]}
    return {"machineSpec": machine_spec(plan), **bounds, **followed}


def machine_spec(plan: Plan) -> dict[str, Any]:
    """What each machine is."""
    machine = plan.machine
    assert machine is not None  # else the plan is refused
    chosen = {"machineType": machine.name}
    if machine.accelerator is None:
        return chosen
    return {
        **chosen,
        "acceleratorType": ACCELERATORS[machine.accelerator],
        "acceleratorCount": machine.accelerators,
    }


def _followed(plan: Plan) -> dict[str, Any]:
    target = plan.spec.scaling.target
    name, times = METRICS[target.metric]
    return {"metricName": PREFIX + name, "target": max(1, round(target.value * times))}
