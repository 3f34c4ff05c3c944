"""Hardware slices of GPUs (MIG), as NVIDIA names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SOURCE = "https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html"
COMPUTE, MEMORY = 7, 8
"""Parts of a GPU that slices are made of."""


@dataclass(frozen=True)
class Profile:
    """What a slice takes of its GPU: of `COMPUTE` and of `MEMORY` parts."""

    compute: int
    memory: int


def _profiles(eighth: int, quarter: int, half: int, whole: int) -> dict[str, Profile]:
    """The profiles of a GPU whose slices have so many gigabytes."""
    return {
        f"1g.{eighth}gb": Profile(1, 1),
        f"1g.{quarter}gb": Profile(1, 2),
        f"2g.{quarter}gb": Profile(2, 2),
        f"3g.{half}gb": Profile(3, 4),
        f"4g.{half}gb": Profile(4, 4),
        f"7g.{whole}gb": Profile(7, 8),
    }


PROFILES: Mapping[str, Mapping[str, Profile]] = {
    "nvidia-a100-40gb": _profiles(5, 10, 20, 40),
    "nvidia-a100-80gb": _profiles(10, 20, 40, 80),
    "nvidia-h100-80gb": _profiles(10, 20, 40, 80),
    "nvidia-h200-141gb": _profiles(18, 35, 71, 141),
}
"""By accelerator kind; other kinds have no slices."""


def no_such_slice(kind: str, profile: str) -> str:
    """Why a kind of accelerator does not have a profile; nothing if it has it."""
    known = PROFILES.get(kind, {})
    if profile in known:
        return ""
    have = ", ".join(known)
    return f"{kind} has no slice {profile}; it has {have}" if have else f"{kind} cannot be cut into slices"


def too_many(kind: str, slices: Mapping[str, int]) -> str:
    """Why one GPU does not give so many slices of each profile at once; nothing if it does."""
    parts = [(PROFILES[kind][profile], count) for profile, count in slices.items()]
    compute = sum(each.compute * count for each, count in parts)
    memory = sum(each.memory * count for each, count in parts)
    if compute <= COMPUTE and memory <= MEMORY:
        return ""
    return f"one GPU gives {COMPUTE} parts of compute and {MEMORY} of memory; these take {compute} and {memory}"
