"""COST on Google Cloud: which machines run, and what costs something for nothing."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.control import NotApplicable
from modelport_policies.gcp import accelerator_of, environment_of, has_captures, machines_of
from modelport_policies.resource import Resource, at, is_set, items, number, text

CLEARING = ("AbortIncompleteMultipartUpload", "Delete")


def machines_are_allowed(deployed: Resource) -> Iterable[str]:
    """`machineType` of `dedicatedResources.machineSpec` is one of parameter `machineTypes`, if that names some, and
    `acceleratorType` one of parameter `acceleratorTypes`.
    """
    machine = at(machines_of(deployed), "machineSpec")
    yield from not_allowed(deployed, text(at(machine, "machineType")), [accelerator_of(machine)])


def instance_is_allowed(instance: Resource) -> Iterable[str]:
    """`machineType` is one of parameter `machineTypes`, if that names some, and `type` of each of `guestAccelerators`
    one of parameter `acceleratorTypes`.
    """
    accelerators = [text(at(each, "type")) for each in items(instance.at("guestAccelerators"))]
    yield from not_allowed(instance, text(instance.at("machineType")), accelerators)


def not_allowed(resource: Resource, machine: str, accelerators: list[str]) -> Iterable[str]:
    """What is wrong with the kinds of a machine and of its accelerators.

    Raises:
        NotApplicable: neither parameter names any.
    """
    machines, kinds = resource.parameters["machineTypes"], resource.parameters["acceleratorTypes"]
    if not machines and not kinds:
        raise NotApplicable("parameters machineTypes and acceleratorTypes name none: all are allowed")
    if machines and machine not in machines:
        yield f"it runs on {machine or 'whatever there is'}, not on {' or '.join(machines)}"
    for each in filter(None, accelerators):
        if kinds and each not in kinds:
            yield f"it has {each}, not {' or '.join(kinds)}"


def tests_may_rest(deployed: Resource) -> Iterable[str]:
    """`dedicatedResources.minReplicaCount` is 0 where a label `environment` of the endpoint is dev or test."""
    if (environment := environment_of(deployed)) not in ("dev", "test"):
        raise NotApplicable(f"{environment or 'without an environment, it'} is for production")
    if (fewest := number(at(machines_of(deployed), "minReplicaCount"), 1)) > 0:
        yield f"{fewest:g} machines run while nobody asks"


def bucket_is_cleared(bucket: Resource) -> Iterable[str]:
    """One of `lifecycleRules` has the action `AbortIncompleteMultipartUpload` or `Delete`."""
    if not any(at(rule, "action", "type") in CLEARING for rule in items(bucket.at("lifecycleRules"))):
        yield "what nobody needs, like parts of uploads that failed, stays for ever"


def dataset_is_cleared(dataset: Resource) -> Iterable[str]:
    """`defaultTableExpirationMs` or `defaultPartitionExpirationMs` is set. Where an endpoint of the stack keeps
    requests, GOV-09 asks for it.
    """
    if has_captures(dataset):
        raise NotApplicable("an endpoint keeps requests in it: GOV-09 says for how long")
    if not any(is_set(dataset.inputs, key) for key in ("defaultTableExpirationMs", "defaultPartitionExpirationMs")):
        yield "what comes to the dataset stays for ever"
