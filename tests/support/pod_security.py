"""What is wrong with a pod: by the Pod Security Standard `restricted`, and by our own rules.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
NOT_SHARED = ("hostNetwork", "hostPID", "hostIPC")
PINNED = re.compile(r".+@sha256:.+")


def faults(pod: Mapping[str, Any]) -> list[str]:
    """Everything, a line each."""
    return [*_of_pod(pod), *(fault for each in _containers(pod) for fault in _of_container(pod, each))]


def lax(pod: Mapping[str, Any]) -> list[str]:
    """What the standard allows and we do not."""
    return [*_lax_pod(pod), *(fault for each in _containers(pod) for fault in _lax_container(each))]


def _containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def _of_pod(pod: Mapping[str, Any]) -> Iterator[str]:
    yield from (name for name in NOT_SHARED if pod.get(name))
    for volume in pod.get("volumes", []):
        if kinds := set(volume) - {"name"} - VOLUMES:
            yield f"volume {volume['name']} is {kinds}"
    if pod.get("securityContext", {}).get("sysctls"):
        yield "sysctls"


def _of_container(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    context = {**pod.get("securityContext", {}), **container.get("securityContext", {})}
    wanted = {
        "privileged": not context.get("privileged"),
        "allowPrivilegeEscalation": context.get("allowPrivilegeEscalation") is False,
        "runAsNonRoot": context.get("runAsNonRoot") is True,
        "runAsUser": context.get("runAsUser") != 0,
        "seccompProfile": context.get("seccompProfile", {}).get("type") in ("RuntimeDefault", "Localhost"),
        "capabilities.drop": "ALL" in context.get("capabilities", {}).get("drop", []),
        "capabilities.add": set(context.get("capabilities", {}).get("add", [])) <= {"NET_BIND_SERVICE"},
        "hostPort": not any(port.get("hostPort") for port in container.get("ports", [])),
        "procMount": context.get("procMount") in (None, "Default"),
    }
    yield from (f"{container['name']}: {name}" for name, right in wanted.items() if not right)


def _lax_pod(pod: Mapping[str, Any]) -> Iterator[str]:
    wanted = {
        "a token": pod.get("automountServiceAccountToken") is False,
        "service links": pod.get("enableServiceLinks") is False,
        "no numeric user": pod["securityContext"].get("runAsUser", 0) >= 10_000,
        "the group of root": pod["securityContext"].get("runAsGroup", 0) > 0,
        "room without bounds": all(each["emptyDir"].get("sizeLimit") for each in pod["volumes"] if "emptyDir" in each),
        "no service account of its own": bool(pod.get("serviceAccountName")),
        "no priority": bool(pod.get("priorityClassName")),
    }
    yield from (name for name, right in wanted.items() if not right)


def _lax_container(container: Mapping[str, Any]) -> Iterator[str]:
    resources = container.get("resources", {})
    wanted = {
        "a root file system to write on": container["securityContext"].get("readOnlyRootFilesystem") is True,
        "no image by digest": PINNED.fullmatch(container["image"]),
        "no bounds": all({"cpu", "memory"} <= set(resources.get(kind, {})) for kind in ("requests", "limits")),
    }
    yield from (f"{container['name']}: {name}" for name, right in wanted.items() if not right)
