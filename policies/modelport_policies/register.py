"""The exemptions of a run. Without a file there is nothing to parse, and nothing that parses is imported."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from modelport_policies.exemptions import Exemption
    from modelport_policies.resource import Resource

SOON = timedelta(days=14)
NOTICE = "GOV-12-notice"
"""The policy about exemptions that hold: only the end of a run can tell, and it is advice; GOV-12 is neither."""

State = Literal["active", "expiring", "unused", "expired", "malformed"]
ADVISED: tuple[State, ...] = ("expiring", "unused")


@dataclass(frozen=True)
class Entry:
    """One entry of an exemptions file.

    Attributes:
        exemption: what it says, None where it says nothing that can be understood.
        problems: why it exempts nothing (`FILE:LINE  field: problem`).
        expired: whether its only problem is that it has ended.
    """

    file: str
    line: int
    exemption: Exemption | None = None
    problems: tuple[str, ...] = ()
    expired: bool = False


class Standing(NamedTuple):
    """What has become of an entry in a run; `message` begins with FILE:LINE where something is to be done."""

    entry: Entry
    state: State
    message: str


@dataclass
class Register:
    """The exemptions of a run, and which of them it has needed.

    Attributes:
        judged: the controls that have had something to judge.
    """

    entries: Sequence[Entry] = ()
    today: date = date.min
    judged: set[str] = field(default_factory=set, compare=False)
    _needed: set[int] = field(default_factory=set, compare=False)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the entries that exempt nothing."""
        return tuple(problem for entry in self.entries for problem in entry.problems)

    def covering(self, control: str, resource: Resource) -> Exemption | None:
        """The exemption that accepts what this control finds on this resource, or may find once values are known."""
        for number, exemption in self._held():
            if control in exemption.rules and exemption.match.covers(resource):
                self._needed.add(number)
                return exemption
        return None

    def standing(self, resources: Collection[Resource]) -> Iterator[Standing]:
        """What has become of each entry, at the end of a run over these resources."""
        held = dict(self._held())
        for number, entry in enumerate(self.entries):
            place = f"{entry.file}:{entry.line}"
            if number not in held:
                yield Standing(entry, "expired" if entry.expired else "malformed", "; ".join(entry.problems))
            elif self._is_unused(number, held[number], resources):
                rules = ", ".join(held[number].rules)
                yield Standing(entry, "unused", f"{place}  nothing is found that it accepts of {rules}: remove it")
            elif (ends := held[number].expires) <= self.today + SOON:
                renewed = f"{held[number].owner} renews it, or mends what it accepts"
                yield Standing(entry, "expiring", f"{place}  ends after {ends}: {renewed}")
            else:
                yield Standing(entry, "active", str(held[number]))

    def _held(self) -> Iterator[tuple[int, Exemption]]:
        for number, entry in enumerate(self.entries):
            if entry.exemption and not entry.problems:
                yield number, entry.exemption

    def _is_unused(self, number: int, exemption: Exemption, resources: Iterable[Resource]) -> bool:
        """Whether it is about this stack, and about what was judged, and yet was not needed."""
        if number in self._needed or self.judged.isdisjoint(exemption.rules):
            return False
        return any(exemption.match.covers(each) or exemption.match.names(each) for each in resources)


def read_register(file: Path | None, controls: Collection[str], today: date) -> Register:
    """Read an exemptions file; one that does not exist exempts nothing. `controls` are the ids that exist."""
    if file is None or not file.exists():
        return Register(today=today)
    from modelport_policies.exemptions import parse

    return Register(tuple(parse(file, controls, today)), today)
