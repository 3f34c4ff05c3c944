"""COST: every expense has an owner."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.control import Control, Levels
from modelport_policies.kubernetes import WORKLOADS, marks, plain
from modelport_policies.resource import Resource, is_set, mapping

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
)
