from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .capability import OWN, Capabilities
from .capacity import Machine
from .tags import TagRule


@dataclass(frozen=True)
class Target:
    """What the plan has to know of a target.

    Attributes:
        capabilities: its row for each of `FIELDS`.
        name_length: of a resource's name, in characters.
        machines: what one instance can run on; empty where it runs on what is there.
    """

    name: str
    capabilities: Capabilities
    name_length: int
    tag_rule: TagRule
    machines: Sequence[Machine] = ()

    @property
    def is_built(self) -> bool:
        """Whether it can do anything yet."""
        return any(row.level != "unbuilt" for field, row in self.capabilities.items() if field not in OWN)
