from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from modelport.spec import Compute, Memory, ModelSpec, nearest

MACHINE = "compute.machine"


@dataclass(frozen=True)
class Machine:
    """A machine type that a target offers.

    Attributes:
        cpu: cores.
        accelerator: kind as in `compute.accelerator.kind`; None for a machine without one.
        accelerators: how many of that kind.
        not_for: values of `mode` that the target does not run it for.
        quota: what the platform counts it against, in its own words; "" where nothing is said.
    """

    name: str
    cpu: float
    memory: Memory
    accelerator: str | None = None
    accelerators: int = 0
    not_for: tuple[str, ...] = ()
    quota: str = ""


@dataclass(frozen=True)
class Shortage:
    """No machine satisfies `field`.

    Attributes:
        reason: a clause.
        nearest: what there is instead, to be used.
    """

    field: str
    reason: str
    nearest: str

    @property
    def alternative(self) -> str:
        """What to do about it, in a sentence."""
        return f"Use {self.nearest}."


class _Need(NamedTuple):
    field: str
    offer: Callable[[Machine], Any]
    asked: Any

    def met_by(self, machine: Machine) -> bool:
        offered = self.offer(machine)
        return bool(offered == self.asked if isinstance(self.asked, str) else offered >= self.asked)


def machine_for(machines: Sequence[Machine], spec: ModelSpec) -> Machine | Shortage | None:
    """The machine that an instance of a service runs on: the one that it names, or else the smallest that fits.

    None where the target has no machines, and for a service without instances of its own.
    """
    if not machines or spec.mode == "serverless":
        return None
    allowed = [machine for machine in machines if spec.mode not in machine.not_for]
    if spec.compute.machine is None:
        return smallest(allowed, spec.compute)
    named = _named(allowed, spec.compute, spec.compute.machine)
    if spec.compute.machine in {machine.name for machine in machines if machine not in allowed}:
        assert isinstance(named, Shortage)  # as it is none of those allowed
        return replace(named, reason=f"it is not for mode: {spec.mode}")
    return named


def smallest(machines: Sequence[Machine], compute: Compute) -> Machine | Shortage:
    """The machine that satisfies `compute` with the fewest accelerators, then fewest cores, then least memory.

    One with accelerators is only for who asks for some.
    """
    left = [machine for machine in machines if compute.accelerator or machine.accelerator is None]
    for need in _needs(compute):
        enough = [machine for machine in left if need.met_by(machine)]
        if not enough:
            return _shortage(need, left)
        left = enough
    return min(left, key=lambda machine: (machine.accelerators, machine.cpu, machine.memory, machine.name))


def _named(machines: Sequence[Machine], compute: Compute, name: str) -> Machine | Shortage:
    fits = smallest(machines, compute)
    if isinstance(fits, Shortage):
        return fits
    machine = next((each for each in machines if each.name == name), None)
    if machine is None:
        near = nearest(name, [each.name for each in machines])
        return Shortage(MACHINE, "there is no such machine", near or fits.name)
    if lack := next((need for need in _needs(compute) if not need.met_by(machine)), None):
        reason = f"it has {_number(lack.offer(machine))}, and {lack.field} asks for {_number(lack.asked)}"
    elif machine.accelerator and compute.accelerator is None:
        reason = f"it has {machine.accelerators} x {machine.accelerator}, and no compute.accelerator asks for them"
    else:
        return machine
    return Shortage(MACHINE, reason, f"{fits.name}, the smallest that fits")


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
    number = _number(need.offer(largest))
    return Shortage(need.field, f"no fitting machine has more than {number}", f"at most {number} ({largest.name})")


def _number(amount: Any) -> str:
    return f"{amount:g}" if isinstance(amount, float) else str(amount or "none")
