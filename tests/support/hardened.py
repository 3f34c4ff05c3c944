"""The resources of tests/policies/hardened*.yaml, and what becomes of them with a change."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE
from ruamel.yaml import YAML

from modelport_policies.kubernetes import CRON_JOB, DEPLOYMENT, POD, WORKLOADS

WORDS = {"<unknown>": UNKNOWN_STRING_VALUE, "<hex>": "0123456789abcdef" * 4}
KINDS_OF_CONTAINER = ("containers", "initContainers", "ephemeralContainers")


def read(file: Path) -> Any:
    """A file of examples, its words spelled out."""
    return spelled_out(YAML(typ="safe").load(file))


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
HARDENED_AWS: dict[str, Any] = read(POLICIES / "hardened-aws.yaml")["resources"]


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
        return patched({**HARDENED["others"], **HARDENED["autoscalers"], **HARDENED_AWS}[type_], change or {})
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
    found = HARDENED_AWS if type_ in HARDENED_AWS else {DEPLOYMENT: hardened(DEPLOYMENT), **HARDENED["others"]}
    if type_ in WORKLOADS:
        del found[DEPLOYMENT]
    return {each: inputs for each, inputs in found.items() if each != type_ and each not in without}


def in_container(change: Any, kind: str) -> dict[str, Any]:
    """The change of a pod that changes a container of this kind."""
    if kind == "ephemeralContainers":
        return {"spec": {kind: [patched(HARDENED["pod"]["spec"]["containers"][0], change)]}}
    return {"spec": {kind: {0: change}}}
