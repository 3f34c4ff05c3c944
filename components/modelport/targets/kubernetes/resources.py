"""What an instance gets, in Kubernetes' own notation. Canonical, so that what the cluster answers is what was asked."""

from __future__ import annotations

import math

from modelport.spec import Compute, Memory

MIB = 1024


def of_instance(compute: Compute) -> dict[str, str]:
    """CPU and memory of one instance."""
    return {"cpu": cores(compute.cpu), "memory": str(compute.memory)}


def cores(number: float, times: int = 1) -> str:
    """So many times a number of CPU cores as a quantity, in thousandths where it must be."""
    thousandths = math.ceil(round(number * 1000, 6)) * times
    return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)


def memory(amount: Memory, times: int) -> str:
    """So many times an amount of memory."""
    return str(Memory(amount * times))


def room_for(size: int, spare: Memory) -> str:
    """Room for so many bytes, and some more."""
    return str(Memory(math.ceil(size / (MIB * 1024)) * MIB + spare))
