from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from modelport.spec import Compute, Memory


@dataclass(frozen=True)
class Machine:
    """A machine type that a target offers.

    Attributes:
        cpu: cores.
        accelerator: kind as in `compute.accelerator.kind`; None for a machine without one.
        accelerators: how many of that kind.
    """

    name: str
    cpu: float
    memory: Memory
    accelerator: str | None = None
    accelerators: int = 0


@dataclass(frozen=True)
class Shortage:
    """No machine satisfies `field`.

    Attributes:
        reason: a clause.
        nearest: what there is instead.
    """

    field: str
    reason: str
    nearest: str


class _Need(NamedTuple):
    field: str
    offer: Callable[[Machine], Any]
    asked: Any

    def met_by(self, machine: Machine) -> bool:
        offered = self.offer(machine)
        return bool(offered == self.asked if isinstance(self.asked, str) else offered >= self.asked)


def smallest(machines: Sequence[Machine], compute: Compute) -> Machine | Shortage:
    """The machine that satisfies `compute` with the fewest accelerators, then fewest cores, then least memory."""
    left = machines
    for need in _needs(compute):
        enough = [machine for machine in left if need.met_by(machine)]
        if not enough:
            return _shortage(need, left)
        left = enough
    return min(left, key=lambda machine: (machine.accelerators, machine.cpu, machine.memory, machine.name))


def _needs(compute: Compute) -> list[_Need]:
    gpu = compute.accelerator
    accelerators = (
        [
            _Need("compute.accelerator.kind", lambda machine: machine.accelerator, gpu.kind),
            _Need("compute.accelerator.count", lambda machine: machine.accelerators, gpu.count),
        ]
        if gpu
        else []
    )
    return [
        *accelerators,
        _Need("compute.cpu", lambda machine: machine.cpu, compute.cpu),
        _Need("compute.memory", lambda machine: machine.memory, compute.memory),
    ]


def _shortage(need: _Need, machines: Sequence[Machine]) -> Shortage:
    """What is missing, and the nearest that the machines which met the needs before offer."""
    if isinstance(need.asked, str):
        kinds = sorted({machine.accelerator for machine in machines if machine.accelerator})
        return Shortage(
            need.field, f"no machine has {need.asked}", f"one of {', '.join(kinds)}" if kinds else "the CPU"
        )
    largest = max(machines, key=need.offer)
    offered = need.offer(largest)
    number = offered if isinstance(offered, Memory) else f"{offered:g}"
    return Shortage(need.field, f"no fitting machine has more than {number}", f"at most {number} ({largest.name})")
