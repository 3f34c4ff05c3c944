from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modelport.spec import Accelerator, GpuPool
from modelport.spec.compute import MIG

GPU, SHARE = "nvidia.com/gpu", "nvidia.com/gpu.shared"
SHARED = "time-slicing"
POOLS = "modelport:gpuPools"


@dataclass(frozen=True)
class Placement:
    """Where the instances of a service with GPUs run.

    Attributes:
        gpu: what an instance gets: GPUs, a share of one, or slices.
        pools: those that have it, the one that is filled first first.
    """

    gpu: Accelerator
    pools: tuple[GpuPool, ...]

    @property
    def resource(self) -> str:
        """What the cluster calls one of what an instance gets."""
        return resource_of(self.pools[0], self.gpu.sharing)

    @property
    def quota(self) -> int | None:
        """Most of the resource that the service may hold; None where a pool leaves it open."""
        return _total([pool.quota for pool in self.pools])

    @property
    def room(self) -> int | None:
        """Most instances that the pools hold; None where nobody knows."""
        return _total([_room(pool, self.gpu) for pool in self.pools])


@dataclass(frozen=True)
class NoPlace:
    """No pool serves what a field asks for.

    Attributes:
        reason: a clause.
        alternative: what to do about it, in a sentence.
    """

    field: str
    reason: str
    alternative: str


def place(gpu: Accelerator, pools: Sequence[GpuPool]) -> Placement | NoPlace:
    """The pools of a stack that serve an instance's GPUs, in their order."""
    left = list(pools)
    for field, serves in _NEEDS.items():
        enough = [pool for pool in left if serves(pool, gpu)]
        if not enough:
            return _no_place(field, gpu, pools, left)
        left = enough
    resource = resource_of(left[0], gpu.sharing)
    return Placement(gpu, tuple(pool for pool in left if resource_of(pool, gpu.sharing) == resource))


def resource_of(pool: GpuPool, sharing: str) -> str:
    """What the cluster calls one of a pool's GPUs, of its shares or of its slices of a profile."""
    if pool.resource:
        return pool.resource
    return {"none": GPU, SHARED: SHARE}.get(sharing, f"nvidia.com/{sharing}")


def _is_shared_so(pool: GpuPool, gpu: Accelerator) -> bool:
    profile = gpu.sharing.removeprefix(MIG)
    return profile in pool.slices if profile != gpu.sharing else pool.sharing == gpu.sharing


def _has_enough(pool: GpuPool, gpu: Accelerator) -> bool:
    """Shares are one each: two may be of the same GPU, and are worth no more than one."""
    return gpu.count <= (1 if gpu.sharing == SHARED else _of_node(pool, gpu.sharing))


_NEEDS: dict[str, Callable[[GpuPool, Accelerator], bool]] = {
    "compute.accelerator.kind": lambda pool, gpu: pool.kind == gpu.kind,
    "compute.accelerator.sharing": _is_shared_so,
    "compute.accelerator.count": _has_enough,
}


def _of_node(pool: GpuPool, sharing: str) -> int:
    """GPUs, shares or slices that a node of a pool has."""
    return pool.gpus_per_node * (pool.replicas or pool.slices.get(sharing.removeprefix(MIG), 1))


def _room(pool: GpuPool, gpu: Accelerator) -> int | None:
    """Instances that fit on a pool's nodes, as far as it may be used."""
    fit = len(pool.nodes) * (_of_node(pool, gpu.sharing) // gpu.count) if pool.nodes else None
    allowed = pool.quota // gpu.count if pool.quota else None
    return min((each for each in (fit, allowed) if each is not None), default=None)


def _total(numbers: Sequence[int | None]) -> int | None:
    known = [each for each in numbers if each is not None]
    return sum(known) if len(known) == len(numbers) else None


def _no_place(field: str, gpu: Accelerator, pools: Sequence[GpuPool], left: Sequence[GpuPool]) -> NoPlace:
    needs = f"needs {gpu.count} x {_called(gpu.kind, gpu.sharing)}"
    if not pools:
        return NoPlace(field, f"{needs}; the stack has no pools of GPUs", f"Name the nodes that have it in {POOLS}.")
    have = "; ".join(f"{pool.name} {_offer(pool)}" for pool in pools)
    if field == "compute.accelerator.count" and gpu.sharing == SHARED:
        alternative = "Use 1: several shares may be of the same GPU."
    elif field == "compute.accelerator.count":
        most = max(_of_node(pool, gpu.sharing) for pool in left)
        alternative = f"Use at most {most}: an instance runs on one node."
    else:
        alternative = f"Use what a pool has, or name the nodes that have it in {POOLS}."
    return NoPlace(field, f"{needs}; pools have: {have}", alternative)


def _offer(pool: GpuPool) -> str:
    """What each node of a pool has."""
    ways = [f"{MIG}{profile}" for profile in pool.slices] or [pool.sharing]
    return ", ".join(f"{_of_node(pool, way)} x {_called(pool.kind, way)}" for way in ways) + " a node"


def _called(kind: str, sharing: str) -> str:
    return kind if sharing == "none" else f"{kind} {sharing}"
