"""COST: every expense has an owner."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.control import ADVICE, Control, Levels
from modelport_policies.kubernetes import NAMESPACE, WORKLOADS, devices, marks, place, plain
from modelport_policies.resource import Resource, is_set, mapping, text

QUOTA = "kubernetes:core/v1:ResourceQuota"
LIMITS = "kubernetes:core/v1:LimitRange"
REQUIRED = ("owner", "costCenter", "service", "environment", "dataClass", "riskClass")


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
        frameworks=("NIST SA-4", "NIST CM-8", "ISO27001 A.5.9", "ISO27001 A.8.6", "FinOps"),
        remediation="Add a ResourceQuota with requests.cpu, requests.memory and the GPUs, and a LimitRange.",
        checks={NAMESPACE: namespace_is_bounded},
        scope="stack",
    ),
)
