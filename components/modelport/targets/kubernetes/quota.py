from __future__ import annotations

from modelport.plan import Plan
from modelport.spec.releases import SLOTS

from . import resources
from .objects import LIMIT_RANGE, RESOURCE_QUOTA, Objects
from .pods.surge import surge


def quota(own: Objects) -> None:
    """Bounds for everything in a namespace of the service's own; a given one has those of its owner."""
    if own.plan.environment.existing.namespace is None:
        own.object(RESOURCE_QUOTA, "quota", {"spec": {"hard": _most(own)}})
        own.object(LIMIT_RANGE, "limits", {"spec": {"limits": [_usual(own)]}})


def _most(own: Objects) -> dict[str, str]:
    """Pods for an update in which every old one still drains, and no door to the outside.

    Those of both slots, though one may be empty: the quota changes before the pods do. It has to let in new ones
    beside the old, which were up to four times as large or as many.
    """
    compute, most = own.plan.spec.compute, own.plan.spec.scaling.max
    pods = len(SLOTS) * (2 * most + surge(most))
    cpu, memory = resources.cores(compute.cpu, pods), resources.memory(compute.memory, pods)
    return {
        "pods": str(pods),
        "requests.cpu": cpu,
        "limits.cpu": cpu,
        "requests.memory": memory,
        "limits.memory": memory,
        "services.loadbalancers": "0",
        "services.nodeports": "0",
        **_most_devices(own.plan, pods),
    }


def _most_devices(plan: Plan, pods: int) -> dict[str, str]:
    """GPUs, shares or slices for all pods, as far as the pools allow it."""
    if plan.placement is None:
        return {}
    wanted, allowed = plan.placement.gpu.count * pods, plan.placement.quota
    return {f"requests.{plan.placement.resource}": str(wanted if allowed is None else min(wanted, allowed))}


def _usual(own: Objects) -> dict[str, object]:
    """What a container gets that says nothing."""
    instance = resources.of_instance(own.plan.spec.compute)
    return {"type": "Container", "default": instance, "defaultRequest": instance}
