from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from modelport import targets
from modelport.plan import OWN, Capability, Level, Machine
from modelport.plan.capacity import Shortage, machine_for
from modelport.spec import Loaded, ModelSpec, leaf_fields, leaf_values
from modelport.spec.problem import shown

VALUE_WIDTH = 24
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Cell:
    """What one target makes of one field's value.

    Attributes:
        reason: what differs or why not, and what to use instead; empty where there is nothing to say.
    """

    level: Level
    reason: str


@dataclass(frozen=True)
class Comparison:
    """One service on several targets.

    Attributes:
        fields: by path and target, for every field of the config.
        capacity: the machine of each target; None where it runs on what is there.
    """

    service: Loaded
    targets: tuple[str, ...]
    fields: dict[str, dict[str, Cell]]
    capacity: dict[str, Machine | Shortage | None]

    def to_json(self) -> dict[str, Any]:
        """Plain data: `fields` by path and target, `capacity` by target."""
        return {
            "fields": {
                path: {target: {"level": cell.level, "reason": cell.reason} for target, cell in cells.items()}
                for path, cells in self.fields.items()
            },
            "capacity": {target: _capacity(machine) for target, machine in self.capacity.items()},
        }

    def __str__(self) -> str:
        """A table of the fields that the service's author wrote, with footnotes."""
        notes: dict[str, int] = {}
        rows = [["", "", *self.targets], *self._rows(notes)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, *(f"{_mark(number)} {note}" for note, number in notes.items())])

    def _rows(self, notes: dict[str, int]) -> Iterator[list[str]]:
        values = leaf_values(self.service.spec)
        for path, cells in self.fields.items():
            if path in self.service.written and path not in OWN:
                yield [path, _short(shown(values[path])), *(_text(cells[target], notes) for target in self.targets)]
        if any(self.capacity.values()):
            yield ["capacity", "", *(_machine(self.capacity[target], notes) for target in self.targets)]


def compare(service: Loaded, names: Sequence[str] = targets.NAMES) -> Comparison:
    """What each target makes of a service.

    Raises:
        UnknownTarget: there is no target of one of the names.
    """
    chosen = [targets.load(name) for name in names]
    values = leaf_values(service.spec)
    paths = leaf_fields(ModelSpec)
    fields = {
        path: {target.name: _cell(target.capabilities[path], values.get(path)) for target in chosen} for path in paths
    }
    capacity = {target.name: machine_for(target.machines, service.spec) for target in chosen}
    return Comparison(service, tuple(names), fields, capacity)


def _cell(row: Capability, value: Any) -> Cell:
    level = row.level_of(value)
    instead = f": use {row.instead}" if row.instead else ""
    is_said = not row.gives(value) if row.only else level == row.level
    return Cell(level, f"{row.reason}{instead}" if is_said else "")


def _short(value: str) -> str:
    return value if len(value) <= VALUE_WIDTH else f"{value[: VALUE_WIDTH - 1]}…"


def _text(cell: Cell, notes: dict[str, int]) -> str:
    """The level, with a footnote unless it says everything."""
    return cell.level + _noted("" if cell.level == "unbuilt" else cell.reason, notes)


def _machine(machine: Machine | Shortage | None, notes: dict[str, int]) -> str:
    if isinstance(machine, Shortage):
        return "refused" + _noted(f"{machine.reason}: there is {machine.nearest}", notes)
    if machine is None:
        return "as it is"
    return machine.name + _noted(f"it counts against the quota {machine.quota}" if machine.quota else "", notes)


def _noted(note: str, notes: dict[str, int]) -> str:
    return f" {_mark(notes.setdefault(note, len(notes) + 1))}" if note else ""


def _mark(number: int) -> str:
    return str(number).translate(SUPERSCRIPTS)


def _capacity(machine: Machine | Shortage | None) -> dict[str, Any] | None:
    if machine is None:
        return None
    if isinstance(machine, Shortage):
        return {"refused": machine.field, "reason": machine.reason, "nearest": machine.nearest}
    return {
        "machine": machine.name,
        "cpu": machine.cpu,
        "memory": str(machine.memory),
        "accelerator": machine.accelerator,
        "accelerators": machine.accelerators,
        "quota": machine.quota or None,
    }
