"""How the pods of a service with GPUs get to its pools, the preferred one first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelport.plan import Plan, unique_name
from modelport.plan.placement import GPU
from modelport.spec import GpuPool

POOL = "modelport/pool"
HEAVIEST = 100
TAINT = {"key": GPU, "value": "present", "effect": "NoSchedule"}
"""As NVIDIA's own documentation, and what it installs, have it."""
TOLERATION = {"key": GPU, "operator": "Exists"}


def devices(plan: Plan) -> dict[str, str]:
    """What an instance gets of its pools."""
    return {plan.placement.resource: str(plan.placement.gpu.count)} if plan.placement else {}


def placed(plan: Plan) -> dict[str, Any]:
    """What a pod says of the nodes that it runs on."""
    if plan.placement is None:
        return {}
    pools, stack = plan.placement.pools, plan.environment.stack
    runtime = plan.environment.gpu_pools.runtime_class
    return {
        "affinity": {"nodeAffinity": _affinity(pools, stack)},
        "tolerations": tolerations(*pools),
        **({"runtimeClassName": runtime} if runtime else {}),
    }


def nodes_of(pool: GpuPool, stack: str) -> dict[str, str]:
    """The labels that tell the nodes of a pool from all others."""
    return dict(pool.selector) or {POOL: unique_name(pool.name, stack, max_length=63)}


def in_pools(pools: Sequence[GpuPool], stack: str) -> dict[str, Any]:
    """A node affinity that leaves the nodes of some pools."""
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [_term(p, stack) for p in pools]}}


def tolerations(*pools: GpuPool) -> list[dict[str, str]]:
    """Those for every taint of the nodes of some pools."""
    keys = dict.fromkeys(key for pool in pools for key in pool.tolerate)
    return [TOLERATION, *({"key": key, "operator": "Exists"} for key in keys if key != GPU)]


def _affinity(pools: Sequence[GpuPool], stack: str) -> dict[str, Any]:
    preferred = [
        {"weight": weight, "preference": _term(pool, stack)}
        for pool, weight in zip(pools, _weights(len(pools) - 1), strict=False)
    ]
    more = {"preferredDuringSchedulingIgnoredDuringExecution": preferred} if preferred else {}
    return {**in_pools(pools, stack), **more}


def _weights(count: int) -> list[int]:
    """From the heaviest to 1, each as many times the next one as there is room for: the last pool needs none.

    The scheduler scales them so that the heaviest of the nodes with room counts most, whichever it is.
    """
    return [round(HEAVIEST ** (1 - index / max(1, count - 1))) for index in range(count)]


def _term(pool: GpuPool, stack: str) -> dict[str, Any]:
    return {
        "matchExpressions": [
            {"key": key, "operator": "In", "values": [value]} for key, value in sorted(nodes_of(pool, stack).items())
        ]
    }
