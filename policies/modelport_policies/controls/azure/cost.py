"""COST on Azure: which machines there are, what ends by itself, and what nothing uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modelport_policies.azure import COMPUTE, MANAGEMENT_POLICY, machines
from modelport_policies.control import NotApplicable
from modelport_policies.relations import belonging, tag
from modelport_policies.resource import Resource, at, is_set, items, number, text


def machine_is_allowed(resource: Resource) -> Iterable[str]:
    """`properties.instanceType` of a deployment, or `properties.properties.vmSize` of machines, is one of parameter
    `machineTypes`.
    """
    allowed = resource.parameters["machineTypes"]
    if not allowed:
        raise NotApplicable("parameter machineTypes names none: all are allowed")
    compute = resource.type == COMPUTE
    kind = text(at(machines(resource), "vmSize") if compute else resource.at("properties", "instanceType"))
    if kind not in allowed:
        yield f"it runs on {kind or 'whatever there is'}, not on {' or '.join(allowed)}"


def machines_may_rest(compute: Resource) -> Iterable[str]:
    """`scaleSettings.minNodeCount` of a cluster is 0, and an instance has `idleTimeBeforeShutdown`, where a tag
    `environment` is dev or test.
    """
    own = machines(compute)
    if (environment := tag(compute, "environment")) not in ("dev", "test"):
        raise NotApplicable(f"{environment or 'without an environment, it'} is for production")
    if compute.at("properties", "computeType") == "ComputeInstance":
        if not is_set(own, "idleTimeBeforeShutdown"):
            yield "the instance runs while nobody asks"
    elif (fewest := number(at(own, "scaleSettings", "minNodeCount"), 0)) > 0:
        yield f"{fewest:g} machines run while nobody asks"


def captures_end(account: Resource) -> Iterable[str]:
    """A `ManagementPolicy` of the stack is for the storage account."""
    if not any(belonging(account, MANAGEMENT_POLICY, "accountName")):
        yield "nothing says when what is captured ends"


def something_ends(policy: Resource) -> Iterable[str]:
    """One of `policy.rules` is enabled and deletes."""
    if not any(deleting(policy)):
        yield "no rule deletes anything: what is captured is kept for ever"


def deleting(policy: Resource) -> Iterator[Any]:
    """The rules of a policy that are on and delete."""
    for rule in items(policy.at("policy", "rules")):
        on = at(rule, "enabled") is not False
        if on and at(rule, "definition", "actions", "baseBlob", "delete") is not None:
            yield rule
