"""The resources of tests/policies/hardened*.yaml, and what becomes of them with a change."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import yaml
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from modelport_policies.gcp import access_to
from modelport_policies.kubernetes import CRON_JOB, DEPLOYMENT, POD, WORKLOADS

WORDS = {"<unknown>": UNKNOWN_STRING_VALUE, "<hex>": "0123456789abcdef" * 4}
KINDS_OF_CONTAINER = ("containers", "initContainers", "ephemeralContainers")


def read(file: Path) -> Any:
    """A file of examples, its words spelled out."""
    return spelled_out(yaml.load(file.read_text(), yaml.CSafeLoader))  # there are many, and others read slowly


def spelled_out(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: spelled_out(each) for key, each in value.items()}
    if isinstance(value, list):
        return [spelled_out(each) for each in value]
    if isinstance(value, str):
        for word, meaning in WORDS.items():
            value = value.replace(word, meaning)
    return value


POLICIES = Path(__file__).parent.parent / "policies"
HARDENED = read(POLICIES / "hardened.yaml")
AMAZON = read(POLICIES / "hardened-aws.yaml")
HARDENED_AWS: dict[str, Any] = AMAZON["resources"]
GOOGLE = read(POLICIES / "hardened-gcp.yaml")
AZURE = read(POLICIES / "hardened-azure.yaml")
HARDENED_AZURE: dict[str, Any] = AZURE["resources"]
ADMINISTRATION = {"role": "roles/resourcemanager.projectIamAdmin", "members": ["group:platform@example.com"]}
"""What a policy for all who have a role keeps, so that somebody can change it."""


def granted(type_: str, role: str, members: list[str]) -> dict[str, Any]:
    """How a type that grants roles says this one."""
    if type_.endswith("Policy"):
        return {"policyData": {"json": {"bindings": [{"role": role, "members": members}, ADMINISTRATION]}}}
    return {"role": role, **({"member": members[0]} if type_.endswith("Member") else {"members": members})}


def accesses() -> dict[str, Any]:
    """The three types for each thing that roles are granted on."""
    return {
        type_: {**access["on"], **granted(type_, access["role"], [GOOGLE["server"]])}
        for stem, access in GOOGLE["access"].items()
        for type_ in access_to(stem)
    }


GOOGLE["resources"].update(accesses())
HARDENED_GCP: dict[str, Any] = GOOGLE["resources"]
CLOUDS = (HARDENED_AWS, HARDENED_GCP, HARDENED_AZURE)


def patched(value: Any, change: Any) -> Any:
    """A value with a change: mappings go into mappings and, by number, into lists; null takes a key away."""
    if not isinstance(change, dict) or not isinstance(value, dict | list):
        return patched({}, change) if isinstance(change, dict) and change else copy.deepcopy(change)
    result = copy.copy(value)
    for key, each in change.items():
        if isinstance(result, list):
            result[key:] = [patched(result[key] if key < len(result) else None, each), *result[key + 1 :]]
        elif each is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key), each)
    return result


def hardened(type_: str, pod_changes: Sequence[Any] = (), change: Any = None) -> dict[str, Any]:
    """The hardened resource of a type, with changes of its pod and one of itself."""
    if type_ not in WORKLOADS:
        known = {**HARDENED["others"], **HARDENED["autoscalers"], **HARDENED_AWS, **HARDENED_GCP, **HARDENED_AZURE}
        return patched(known[type_], change or {})
    pod = reduce(patched, pod_changes, HARDENED["pod"])
    own = patched(HARDENED["workload"], HARDENED.get(type_, {}))
    if type_ == POD:
        own = patched({**own, "spec": {}}, pod) if isinstance(pod, dict) else pod
    else:
        own = patched(own, {"spec": {"jobTemplate": {"spec": {"template": {}}}} if type_ == CRON_JOB else {}})
        home = own["spec"]["jobTemplate"]["spec"] if type_ == CRON_JOB else own["spec"]
        home["template"] = pod
    return patched(own, change or {})


def neighbours(type_: str, without: list[str]) -> dict[str, dict[str, Any]]:
    """What is around a resource in a stack in order, by type."""
    found = around(type_)
    if type_ in WORKLOADS:
        del found[DEPLOYMENT]
    return {each: inputs for each, inputs in found.items() if each != type_ and each not in without}


def around(type_: str) -> dict[str, dict[str, Any]]:
    """What is in a stack in order that has a type, by type."""
    cluster = {DEPLOYMENT: hardened(DEPLOYMENT), **HARDENED["others"]}
    return next((dict(cloud) for cloud in CLOUDS if type_ in cloud), cluster)


def further(type_: str, without: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """What is around a resource besides one of each type."""
    more = next((cloud["more"] for cloud in (AMAZON, GOOGLE, AZURE) if type_ in cloud["resources"]), HARDENED["more"])
    return [(each, inputs) for each in more if each not in without for inputs in more[each]]


def in_container(change: Any, kind: str) -> dict[str, Any]:
    """The change of a pod that changes a container of this kind."""
    if kind == "ephemeralContainers":
        return {"spec": {kind: [patched(HARDENED["pod"]["spec"]["containers"][0], change)]}}
    return {"spec": {kind: {0: change}}}
