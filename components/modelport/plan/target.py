from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from modelport.spec import Environment, ModelSpec

from .capability import OWN, Capabilities
from .capacity import Machine
from .change import Effects, unknown_effect
from .tags import TagRule


@dataclass(frozen=True)
class Objection:
    """What a target finds wrong with a value of a field that its capability row says it does.

    Attributes:
        path: of the field, as people write it; in the stack file with `modelport:`.
        value: what it says; None for a field that is missing.
        reason: why, as a clause.
        alternative: what to do about it, in a sentence.
    """

    path: str
    value: Any
    reason: str
    alternative: str


Rules = Callable[[ModelSpec, Environment], Iterable[Objection]]
"""What a target asks of a service and its stack beyond its rows: of fields together, or of the form of a value."""


def no_rules(spec: ModelSpec, environment: Environment) -> Iterable[Objection]:
    """Whatever the rows allow."""
    return ()


@dataclass(frozen=True)
class Target:
    """What the plan has to know of a target.

    Attributes:
        capabilities: its row for each of `FIELDS`.
        name_length: of a resource's name, in characters.
        machines: what one instance can run on; empty where it runs on what is there.
        rules: what it asks beyond its rows.
        has_pools: whether its accelerators are those of `modelport:gpuPools`.
        effects: what changes of a service's resources are to its callers.
    """

    name: str
    capabilities: Capabilities
    name_length: int
    tag_rule: TagRule
    machines: Sequence[Machine] = ()
    rules: Rules = no_rules
    has_pools: bool = False
    effects: Effects = unknown_effect

    @property
    def is_built(self) -> bool:
        """Whether it can do anything yet."""
        return any(row.level != "unbuilt" for field, row in self.capabilities.items() if field not in OWN)
