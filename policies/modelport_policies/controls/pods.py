"""POD: what a container may do on its node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelport_policies.control import Control, Levels, NotApplicable
from modelport_policies.kubernetes import WORKLOADS, containers, pod
from modelport_policies.resource import Resource, at, items

FRAMEWORKS = ("PSS restricted", "CIS K8s 5.2", "NIST AC-6", "NIST CM-7", "NSA K8s hardening", "ISO27001 A.8.9")
LOWEST_USER = 10_000  # below, an id may be that of a user of the node


def pods_run_as_non_root(workload: Resource) -> Iterable[str]:
    """`securityContext` of pod or container: `runAsNonRoot` true, `runAsUser` >= 10000, no group 0."""
    spec = at(pod(workload), "spec")
    if at(spec, "os", "name") == "windows":
        raise NotApplicable("Windows pods have no numeric users")
    shared = at(spec, "securityContext")
    groups = [at(shared, "fsGroup"), *items(at(shared, "supplementalGroups"))]
    if 0 in groups:
        yield "the pod's securityContext adds the root group (fsGroup or supplementalGroups 0)"
    for name, container in containers(workload):
        context = at(container, "securityContext")
        if effective("runAsNonRoot", context, shared) is not True:
            yield f"container {name}: runAsNonRoot is not true"
        user = effective("runAsUser", context, shared)
        if not isinstance(user, int | float) or user < LOWEST_USER:
            yield f"container {name}: runAsUser is {show(user)}, not at least {LOWEST_USER}"
        if effective("runAsGroup", context, shared) == 0:
            yield f"container {name}: runAsGroup is 0, the root group"


def effective(key: str, container: Any, shared: Any) -> Any:
    """The container's own setting, else the pod's."""
    own = at(container, key)
    return at(shared, key) if own is None else own


def show(number: Any) -> str:
    """Numbers reach a policy as floats; an id is read as a whole one."""
    return "not set" if number is None else f"{number:g}" if isinstance(number, float) else str(number)


CONTROLS = (
    Control(
        id="POD-06",
        title="Containers run as a numeric user that is not root",
        severity="high",
        levels=Levels("advisory", "mandatory", "mandatory"),
        frameworks=FRAMEWORKS,
        remediation="Set securityContext {runAsNonRoot: true, runAsUser: 10001, runAsGroup: 10001} on the pod.",
        checks=dict.fromkeys(WORKLOADS, pods_run_as_non_root),
    ),
)
