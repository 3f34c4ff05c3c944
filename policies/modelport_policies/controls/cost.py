"""COST: every expense has an owner."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.control import ADVICE, SEVERE, Control, Levels, NotApplicable, parameter
from modelport_policies.kubernetes import (
    NAMESPACE,
    SCALED_OBJECT,
    WORKLOADS,
    devices,
    is_bound_to,
    mark,
    marks,
    number,
    place,
    plain,
)
from modelport_policies.resource import Resource, at, is_set, items, mapping, text

QUOTA = "kubernetes:core/v1:ResourceQuota"
LIMITS = "kubernetes:core/v1:LimitRange"
FRAMEWORKS = ("NIST SA-4", "NIST CM-8", "ISO27001 A.5.9", "ISO27001 A.8.6", "FinOps")
OF_PODS = ("cpu", "memory")
REQUIRED = ("owner", "costCenter", "service", "environment", "dataClass", "riskClass")


def nodes_are_allowed(workload: Resource) -> Iterable[str]:
    """`nodeSelector`, or every term of the required node affinity, leaves the pods no nodes but those with a label of
    parameter `accelerators` if they ask for a device in `resources.limits`, of `instances` if not.
    """
    name = "accelerators" if devices(workload) else "instances"
    allowed = workload.parameters[name]
    if not allowed:
        raise NotApplicable(f"parameter {name} names no nodes: all are allowed")
    if not is_bound_to(workload, allowed):
        yield f"its pods may run on other nodes than those with {' or '.join(allowed)}"


def tests_may_rest(scaled: Resource) -> Iterable[str]:
    """`idleReplicaCount` or `minReplicaCount` is 0 where `environment` is dev or test, unless nothing but running pods
    shows the load (`triggers` of type `cpu` and `memory`).
    """
    if (environment := mark(scaled, "environment")) not in ("dev", "test"):
        raise NotApplicable(f"{environment or 'without an environment, it'} is for production")
    if all(at(trigger, "type") in OF_PODS for trigger in items(scaled.at("spec", "triggers"))):
        raise NotApplicable("only pods that run show their load")
    idle = scaled.at("spec", "idleReplicaCount")
    fewest = number(scaled.at("spec", "minReplicaCount") if idle is None else idle, 0)
    if fewest > 0:
        yield f"{fewest:g} pods run while nobody asks"


def tags_are_complete(resource: Resource) -> Iterable[str]:
    """`tags` has owner, costCenter, service, environment, dataClass, riskClass."""
    tags = mapping(resource.at("tags"))
    return missing({plain(key) for key in tags if is_set(tags, key)})


def labels_are_complete(workload: Resource) -> Iterable[str]:
    """`metadata.labels` or `annotations` have the same, in any spelling (`example.com/cost-center`)."""
    return missing({name for name, values, key in marks(workload) if is_set(values, key)})


def missing(present: set[str]) -> Iterable[str]:
    """One message that names every tag without a value."""
    if absent := [name for name in REQUIRED if plain(name) not in present]:
        yield f"no tag {', '.join(absent)}"


def namespace_is_bounded(home: Resource) -> Iterable[str]:
    """The stack has a `LimitRange` and a `ResourceQuota` of the namespace, whose `hard` has CPU, memory and the devices
    that its pods ask for.
    """
    name, groups = text(home.at("metadata", "name")), home.stack.by(place)
    hard = {key for quota in groups.get((QUOTA, name), ()) for key in mapping(quota.at("spec", "hard"))}
    asked = {key for type_ in WORKLOADS for each in groups.get((type_, name), ()) for key in devices(each)}
    for key in ("cpu", "memory", *sorted(asked)):
        if not hard & {key, f"requests.{key}", f"limits.{key}"}:
            yield f"no quota bounds the {key} of the namespace"
    if not groups.get((LIMITS, name)):
        yield "no LimitRange bounds the containers of the namespace"


CONTROLS = (
    Control(
        id="COST-01",
        title="Pods run on machines and GPUs that are allowed",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Select nodes of an allowed kind, or have theirs allowed by the parameter.",
        checks=dict.fromkeys(WORKLOADS, nodes_are_allowed),
        parameters={
            "accelerators": parameter(
                "Labels of nodes, KEY=VALUE, for pods that ask for a device, like nvidia.com/gpu.product=NVIDIA-L4; "
                "without any, all are allowed.",
                [],
            ),
            "instances": parameter("The same for other pods, like node.kubernetes.io/instance-type=m7g.large.", []),
        },
    ),
    Control(
        id="COST-03",
        title="What is not for production rests while nobody asks",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Set scaling.scaleToZero of the service, or idleReplicaCount of the ScaledObject to 0.",
        checks={SCALED_OBJECT: tests_may_rest},
    ),
    Control(
        id="COST-04",
        title="Resources carry the tags of ownership, cost and risk",
        severity="medium",
        levels=Levels("disabled", "advisory", "mandatory"),
        frameworks=("NIST CM-8", "ISO27001 A.5.9", "FinOps"),
        remediation="Fill metadata.owner, metadata.costCenter, security.dataClass and governance.riskClass of the "
        "service: the tags come from them.",
        checks={
            "modelport:local:Server": tags_are_complete,
            **dict.fromkeys(WORKLOADS, labels_are_complete),
        },
    ),
    Control(
        id="COST-06",
        title="A namespace has a quota and limits",
        severity="medium",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Add a ResourceQuota with requests.cpu, requests.memory and the GPUs, and a LimitRange.",
        checks={NAMESPACE: namespace_is_bounded},
        scope="stack",
    ),
)
