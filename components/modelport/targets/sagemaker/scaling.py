from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi

from modelport.plan import Plan
from modelport.plan.bounds import fewest, is_fixed, most
from modelport.targets.version import Version

from .metrics import OWN, measured
from .modes.asynchronous import backlog, waking
from .modes.limits import follows_backlog, wakes
from .names import endpoint_name
from .releases.variants import suffix
from .resources import CAPACITY, SCALING, SCHEDULED_ACTION, Resources
from .schedule import six_fields

LEAST_OUT_SECONDS, LEAST_IN_SECONDS = 60, 300
"""Until instances are added, or taken away, again: new ones count late, and load that goes may come back."""
INVOCATIONS = "SageMakerVariantInvocationsPerInstance"
CONCURRENCY = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
UTILISATION = {"cpu": "CPUUtilization", "accelerator": "GPUUtilization"}
METRICS = "/aws/sagemaker/Endpoints"
MACHINE = "machine"
"""The tag that says what a variant's bounds were made for: they end before it gets other instances (`Variants`)."""


def scaling(own: Resources, endpoint: Any, live: Sequence[Version]) -> None:
    """The bounds of the number of instances, and the load that it follows; nothing where nobody changes the number."""
    plan = own.plan
    if plan.machine is None or is_fixed(plan.spec.scaling):
        return
    for version in live:
        if not version.release.mirror:
            _scaled(own, endpoint, version)


def _scaled(own: Resources, endpoint: Any, version: Version) -> None:
    """The bounds of a variant, and the load that it follows."""
    plan, variant = own.plan, version.release.role
    role = suffix(variant)
    resource = {
        "resourceId": pulumi.Output.concat("endpoint/", endpoint.name, f"/variant/{variant}"),
        "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "serviceNamespace": "sagemaker",
    }
    asked = plan.spec.scaling
    bounds = {"minCapacity": 0 if asked.scale_to_zero else fewest(asked), "maxCapacity": most(asked)}
    assert plan.machine is not None  # else nothing is scaled
    opts = pulumi.ResourceOptions(
        ignore_changes=[*bounds] if asked.schedule else [],  # windows set them
        replace_on_changes=[f"tags.{MACHINE}"],
        delete_before_replace=True,
    )
    tags = {**plan.tags, MACHINE: plan.machine.name}
    capacity: Any = own.register(CAPACITY, f"capacity{role}", {**resource, **bounds, "tags": tags}, opts)
    resource = {  # of the target, so that what AWS deletes with it is made anew with it
        "resourceId": capacity.resource_id,
        "scalableDimension": capacity.scalable_dimension,
        "serviceNamespace": capacity.service_namespace,
    }
    policy = {
        "policyType": "TargetTrackingScaling",
        "targetTrackingScalingPolicyConfiguration": _followed(plan, version),
    }
    inputs = {"name": plan.names.of("scaling", *role.split("-")[1:]), **resource, **policy}
    own.make(SCALING, f"scaling{role}", inputs, pulumi.ResourceOptions(depends_on=[capacity]))
    if wakes(asked):
        waking(own, resource, capacity, _out_seconds(plan))
    _schedule(own, resource, capacity, role)


def _schedule(own: Resources, resource: dict[str, Any], capacity: pulumi.Resource, role: str) -> None:
    """What sets the bounds when a window begins."""
    for number, window in enumerate(own.plan.spec.scaling.schedule, 1):
        inputs = {
            "name": own.plan.names.of("schedule", str(number), *role.split("-")[1:]),
            **resource,
            "schedule": six_fields(window.cron),
            "timezone": window.timezone,
            "scalableTargetAction": {"minCapacity": window.min, "maxCapacity": window.max},
        }
        opts = pulumi.ResourceOptions(depends_on=[capacity])
        own.make(SCHEDULED_ACTION, f"schedule-{number}{role}", inputs, opts)


def _followed(plan: Plan, version: Version) -> dict[str, Any]:
    cooldowns = {
        "scaleOutCooldown": _out_seconds(plan),
        "scaleInCooldown": max(plan.spec.startup_seconds, LEAST_IN_SECONDS),
    }
    return {**_load(plan, version), **cooldowns}


def _out_seconds(plan: Plan) -> int:
    """Not again before what was added can have started."""
    return max(plan.spec.startup_seconds, LEAST_OUT_SECONDS)


def _load(plan: Plan, version: Version) -> dict[str, Any]:
    target = plan.spec.scaling.target
    if follows_backlog(plan.spec):
        return backlog(plan)
    if target.metric in UTILISATION:
        return _utilisation(plan, version.release.role)
    if target.metric in OWN:
        return {"targetValue": target.value, "customizedMetricSpecification": measured(plan, version)}
    of_a_minute = target.metric == "requestsPerSecond"
    metric = {"predefinedMetricType": INVOCATIONS if of_a_minute else CONCURRENCY}
    value = target.value * 60 if of_a_minute else target.value
    return {"targetValue": value, "predefinedMetricSpecification": metric}


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
