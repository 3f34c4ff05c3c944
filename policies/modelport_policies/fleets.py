"""What a stack runs to serve: instances of one kind, between two bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from modelport_policies import aws, azure, gcp
from modelport_policies.control import NotApplicable
from modelport_policies.kubernetes import (
    SCALED,
    bounds_of_pods,
    is_device,
    mark,
    pod_spec,
)
from modelport_policies.relations import belonging, owners, tag
from modelport_policies.resource import Resource, Stack, at, items, mapping, number, text, type_of
from modelport_policies.sagemaker import (
    ACCELERATORS,
    VARIANTS,
    endpoints,
    follows,
    is_serverless,
    of_sagemaker,
    variants,
)

QUANTITY = re.compile(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)(m|[kMGTPE]|[KMGTPE]i)?")
SIZES = {"": 1.0, "m": 0.001, **{unit: 1000.0**power for power, unit in enumerate("kMGTPE", start=1)}}
SIZES |= {f"{unit}i": 1024.0**power for power, unit in enumerate("KMGTPE", start=1)}
GIBIBYTE = 1024.0**3
ACCELERATED = re.compile(r"ml\.[gp]\d|[ag]\d[a-z]*-|Standard_N[CDV]", re.IGNORECASE)
"""Kinds of machines with accelerators: SageMaker's, Google's and Azure's."""


@dataclass(frozen=True)
class Fleet:
    """Instances that serve.

    Attributes:
        resource: that says how many there are.
        fewest: how many there are at least.
        most: how many there may be.
        has: what one instance has and somebody pays for, by its name in a list of prices: its kind of machine and of
            accelerators, or the CPUs (`cpu`), GiB of `memory` and devices that a pod asks for.
        accelerators: how many one instance has; infinite where nobody knows how many its kind of machine has.
        answers: whether what callers get is from them; a shadow's answers nobody gets.
    """

    resource: Resource
    fewest: float
    most: float
    has: Mapping[str, float]
    accelerators: float
    answers: bool = True


def fleets_of(stack: Stack, service: str) -> list[Fleet]:
    """What a stack runs for a service, by the tag or label `service`."""
    running = (each for type_ in RUNNING for each in stack.by(type_of).get(type_, ()))
    return [fleet for each in running if service_of(each) == service for fleet in fleets(each)]


def service_of(resource: Resource) -> str:
    """The service of something that runs: by its tag or label, or that of its endpoint; nothing where none says it."""
    if resource.type in SCALED:
        return text(mark(resource, "service"))
    key, type_ = ENDPOINTS.get(resource.type, ("", ""))
    own = (tag(each, "service") for each in (resource, *(owners(resource, key, type_) if type_ else ())))
    return next((text(each) for each in own if each is not None), "")


def fleets(resource: Resource) -> Iterator[Fleet]:
    """The instances that a resource of one of the types in `RUNNING` stands for."""
    return RUNNING[resource.type](resource)


def of_variants(configuration: Resource) -> Iterator[Fleet]:
    """The instances of an endpoint's variants, shadow ones too; serverless ones have none."""
    for kind in VARIANTS:
        for name, variant in variants(configuration, kind):
            if not is_serverless(variant):
                fewest, most = bounds_of_variant(configuration, name, variant)
                fleet = machines(configuration, fewest, most, text(at(variant, "instanceType")))
                yield replace(fleet, answers=kind == "productionVariants")


def bounds_of_variant(configuration: Resource, name: str, variant: Any) -> tuple[float, float]:
    """How many instances a variant has: as its scalable target says with its schedule, or else itself."""
    for target in configuration.stack.by(type_of).get(aws.SCALING_TARGET, ()):
        if scales_endpoint_of(target, configuration) and text(target.at("resourceId")).endswith(f"/variant/{name}"):
            return bounds_of_target(target)
    managed, count = at(variant, "managedInstanceScaling"), number(at(variant, "initialInstanceCount"), 1)
    return number(at(managed, "minInstanceCount"), count), number(at(managed, "maxInstanceCount"), count)


def bounds_of_target(target: Resource) -> tuple[float, float]:
    """The bounds of a scalable target, as far as its scheduled actions leave or set them."""
    schedules = target.stack.by(type_of).get(aws.SCALING_SCHEDULE, ())
    actions = [each.at("scalableTargetAction") for each in schedules if follows(each, target)]
    fewest, most = (number(target.at(key), 0) for key in ("minCapacity", "maxCapacity"))
    return (
        min([fewest, *(number(at(each, "minCapacity"), fewest) for each in actions)]),
        max([most, *(number(at(each, "maxCapacity"), most) for each in actions)]),
    )


def scales_endpoint_of(target: Resource, configuration: Resource) -> bool:
    """Whether a scalable target is of an endpoint with a configuration."""
    try:
        of_sagemaker(target)
    except NotApplicable:
        return False
    with_it = (owners(each, "endpointConfigName", aws.ENDPOINT_CONFIGURATION) for each in endpoints(target))
    return any(each.urn == configuration.urn for found in with_it for each in found)


def of_dedicated_resources(deployed: Resource) -> Iterator[Fleet]:
    """The machines of a deployed model or a pool; none where Google chooses them, or a pool has them."""
    try:
        given = gcp.machines_of(deployed)
    except NotApplicable:
        return
    spec, fewest = at(given, "machineSpec"), number(at(given, "minReplicaCount"), 1)
    kind, count = gcp.accelerator_of(spec), number(at(spec, "acceleratorCount"), 1)
    accelerators = {kind: count} if kind else {}
    most = number(at(given, "maxReplicaCount"), fewest)
    yield machines(deployed, fewest, most, text(at(spec, "machineType")), accelerators)


def of_deployment(deployment: Resource) -> Iterator[Fleet]:
    """The instances of an online deployment, as its autoscaler says, or else itself."""
    profiles = [profile for each in scalers(deployment) for profile in items(each.at("profiles"))]
    settings = deployment.at("properties", "scaleSettings")
    count = number(deployment.at("sku", "capacity"), 1)
    fewest = [azure.count(each, "minimum") for each in profiles] or [number(at(settings, "minInstances"), count)]
    most = [azure.count(each, "maximum") for each in profiles] or [number(at(settings, "maxInstances"), count)]
    yield machines(deployment, min(fewest), max(most), text(deployment.at("properties", "instanceType")))


def scalers(deployment: Resource) -> Iterator[Resource]:
    """The settings that scale an online deployment; one that is off does not."""
    given = belonging(deployment, azure.AUTOSCALE, "targetResourceUri")
    return (each for each in given if each.at("enabled") is not False)


def of_pods(workload: Resource) -> Iterator[Fleet]:
    """The pods of a workload, as its autoscaler says, or else itself."""
    has: dict[str, float] = {}
    spec = pod_spec(workload)
    sidecars = [each for each in items(at(spec, "initContainers")) if at(each, "restartPolicy") == "Always"]
    for container in (*items(at(spec, "containers")), *sidecars):
        for name, amount in asked(at(container, "resources")):
            has[name] = has.get(name, 0) + amount
    has |= asked_together(at(spec, "resources"), has)
    accelerators = sum(amount for name, amount in has.items() if is_device(name))
    yield Fleet(workload, *bounds_of_pods(workload), has, accelerators)


def asked(resources: Any) -> Iterator[tuple[str, float]]:
    """What a container asks for: CPUs, GiB of memory, and devices, which stand in its limits."""
    limits = mapping(at(resources, "limits"))
    for name in ("cpu", "memory"):
        amount = quantity(at(resources, "requests", name) or at(limits, name))
        yield name, amount / GIBIBYTE if name == "memory" else amount
    yield from ((name, quantity(limits[name])) for name in limits if is_device(name))


def asked_together(resources: Any, apart: Mapping[str, float]) -> dict[str, float]:
    """What a pod asks for in place of its containers; its limits count where neither asks for anything."""
    own = mapping(at(resources, "requests"))
    return {name: amount for name, amount in asked(resources) if name in own or (amount and not apart.get(name))}


def machines(
    resource: Resource, fewest: float, most: float, machine: str, accelerators: Mapping[str, float] | None = None
) -> Fleet:
    """Instances that are a machine each, with these accelerators besides those that it has anyway."""
    own = accelerators or {}
    count = float("inf") if ACCELERATED.match(machine) else sum(own.values())
    has = {**({machine: 1} if machine else {}), **own}
    return Fleet(resource, fewest, most, has, ACCELERATORS.get(machine, count))


def quantity(value: Any) -> float:
    """An amount as Kubernetes writes it, `500m` or `2Gi`; 0 for what is none."""
    found = QUANTITY.fullmatch(text(value))
    try:
        return float(found[1]) * SIZES[found[2] or ""] if found else 0
    except ValueError:
        return 0


RUNNING: Mapping[str, Callable[[Resource], Iterator[Fleet]]] = {
    **dict.fromkeys(SCALED, of_pods),
    aws.ENDPOINT_CONFIGURATION: of_variants,
    **dict.fromkeys(gcp.MACHINES, of_dedicated_resources),
    azure.DEPLOYMENT: of_deployment,
}
"""What stands for instances."""
ENDPOINTS = {
    gcp.DEPLOYED_MODEL: ("endpoint", gcp.ENDPOINT),
    azure.DEPLOYMENT: ("endpointName", azure.ENDPOINT),
}
"""By which property something that runs is of an endpoint, which has its tags."""
