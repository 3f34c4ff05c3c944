"""What AWS charges by the hour or the month, used or not.

Source: https://aws.amazon.com/sagemaker/ai/pricing, https://aws.amazon.com/privatelink/pricing, https://aws.amazon.com/kms/pricing
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modelport.targets.idle import Costly, Inputs, service_of


def _instances(configuration: Inputs) -> Iterator[tuple[str, int]]:
    for variants in ("productionVariants", "shadowProductionVariants"):
        for variant in configuration.get(variants) or ():
            if "instanceType" in variant:
                yield variant["instanceType"], _count(variant.get("initialInstanceCount"))


def _endpoints(endpoint: Inputs) -> Iterator[tuple[str, int]]:
    """An interface endpoint, in each of its subnets; those of type Gateway cost nothing."""
    if endpoint.get("vpcEndpointType") == "Interface":
        yield "network interface of private endpoints", len(endpoint.get("subnetIds") or ()) or 1


def _one(what: str) -> Costly:
    return lambda _: [(what, 1)]


CONFIGURATION, CAPACITY, WINDOW = (
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "aws:appautoscaling/target:Target",
    "aws:appautoscaling/scheduledAction:ScheduledAction",
)
IDLE = {
    CONFIGURATION: _instances,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoints,
    "aws:kms/key:Key": _one("key"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _one("alarm"),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _one("alarm"),
    "aws:cloudwatch/dashboard:Dashboard": _one("dashboard"),
}


def resting(planned: Iterable[tuple[str, Inputs]]) -> Iterator[tuple[str, str]]:
    """Types with the services of which they cost nothing: the last instance of these goes when nothing waits."""
    planned = list(planned)
    kept = [
        inputs.get("resourceId")
        for token, inputs in planned
        if token == WINDOW and (inputs.get("scalableTargetAction") or {}).get("minCapacity")
    ]
    for token, inputs in planned:
        if token == CAPACITY and inputs.get("minCapacity") == 0 and inputs.get("resourceId") not in kept:
            yield CONFIGURATION, service_of(inputs)


def _count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) else 1
