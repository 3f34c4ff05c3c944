"""The exemptions of a run. Without a file there is nothing to parse, and nothing that parses is imported."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelport_policies.exemptions import Exemption


@dataclass(frozen=True)
class Register:
    """The exemptions that hold, and what is wrong with the others (`FILE:LINE  field: problem`)."""

    exemptions: tuple[Exemption, ...] = ()
    problems: tuple[str, ...] = ()

    def covering(self, control: str, urn: str) -> Exemption | None:
        """The exemption that accepts this control's findings on this resource."""
        for exemption in self.exemptions:
            if exemption.control == control and fnmatchcase(urn, exemption.urn):
                return exemption
        return None


def read_register(file: Path | None, controls: Collection[str], today: date) -> Register:
    """Read an exemptions file; one that does not exist exempts nothing. `controls` are the ids that exist."""
    if file is None or not file.exists():
        return Register()
    from modelport_policies.exemptions import parse

    held, problems = parse(file, controls, today)
    return Register(tuple(held), tuple(problems))
