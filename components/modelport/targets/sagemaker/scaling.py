from __future__ import annotations

from typing import Any

import pulumi

from modelport.plan import Plan
from modelport.plan.bounds import is_fixed

from .endpoint import endpoint_name
from .resources import CAPACITY, SCALING, Resources
from .variants import answering, suffix

OUT_SECONDS, IN_SECONDS = 60, 300
"""Until instances are added, or taken away, again: new ones count late, and load that goes may come back."""
INVOCATIONS = "SageMakerVariantInvocationsPerInstance"
CONCURRENCY = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
UTILISATION = {"cpu": "CPUUtilization", "accelerator": "GPUUtilization"}
METRICS = "/aws/sagemaker/Endpoints"


def scaling(own: Resources, endpoint: Any) -> None:
    """The bounds of the number of instances, and the load that it follows, unless the number is fixed."""
    if is_fixed(own.plan.spec.scaling):
        return
    for release in answering(own.plan):
        _scaled(own, endpoint, release.role)


def _scaled(own: Resources, endpoint: Any, variant: str) -> None:
    """The bounds of a variant, and the load that it follows."""
    plan, role = own.plan, suffix(variant)
    resource = {
        "resourceId": pulumi.Output.concat("endpoint/", endpoint.name, f"/variant/{variant}"),
        "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "serviceNamespace": "sagemaker",
    }
    bounds = {"minCapacity": plan.spec.scaling.min, "maxCapacity": plan.spec.scaling.max}
    capacity = own.make(CAPACITY, f"capacity{role}", {**resource, **bounds})
    followed = {"targetTrackingScalingPolicyConfiguration": _followed(plan, variant)}
    name = plan.names.of("scaling", *role.split("-")[1:])
    inputs = {"name": name, **resource, "policyType": "TargetTrackingScaling", **followed}
    own.make(SCALING, f"scaling{role}", inputs, pulumi.ResourceOptions(depends_on=[capacity]))


def _followed(plan: Plan, variant: str) -> dict[str, Any]:
    target = plan.spec.scaling.target
    cooldowns = {"scaleOutCooldown": OUT_SECONDS, "scaleInCooldown": IN_SECONDS}
    if target.metric in UTILISATION:
        return {**_utilisation(plan, variant), **cooldowns}
    of_a_minute = target.metric == "requestsPerSecond"
    metric = {"predefinedMetricType": INVOCATIONS if of_a_minute else CONCURRENCY}
    value = target.value * 60 if of_a_minute else target.value
    return {"targetValue": value, "predefinedMetricSpecification": metric, **cooldowns}


def _utilisation(plan: Plan, variant: str) -> dict[str, Any]:
    """Of all cores, or all GPUs, of an instance together: each counts for 100 percent.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html (endpoint instance metrics)
    """
    target, machine = plan.spec.scaling.target, plan.machine
    assert machine is not None  # the target has machines
    parts = machine.cpu if target.metric == "cpu" else machine.accelerators
    names = {"EndpointName": endpoint_name(plan), "VariantName": variant}
    metric = {
        "namespace": METRICS,
        "metricName": UTILISATION[target.metric],
        "dimensions": [{"name": name, "value": value} for name, value in names.items()],
        "statistic": "Average",
    }
    return {"targetValue": target.value * parts, "customizedMetricSpecification": metric}
