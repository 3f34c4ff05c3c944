"""RES: the service stays up, and lets its neighbours stay up."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.control import Control, Levels
from modelport_policies.kubernetes import WORKLOADS, containers
from modelport_policies.resource import Resource, at, is_set


def containers_are_bounded(workload: Resource) -> Iterable[str]:
    """`resources` of every container has a CPU and a memory request (or limit, its default) and a memory limit."""
    for name, container in containers(workload):
        requests, limits = at(container, "resources", "requests"), at(container, "resources", "limits")
        missing = [
            f"{key} request" for key in ("cpu", "memory") if not (is_set(requests, key) or is_set(limits, key))
        ] + ([] if is_set(limits, "memory") else ["memory limit"])
        if missing:
            yield f"container {name} has no {', no '.join(missing)}"


CONTROLS = (
    Control(
        id="RES-07",
        title="Containers have CPU and memory requests and a memory limit",
        severity="medium",
        levels=Levels("advisory", "mandatory", "mandatory"),
        frameworks=("NIST SC-6", "CIS K8s 5.7", "ISO27001 A.8.6"),
        remediation="Set resources.requests {cpu, memory} and resources.limits.memory. A CPU limit is not asked for: "
        "it throttles inference.",
        checks=dict.fromkeys(WORKLOADS, containers_are_bounded),
    ),
)
