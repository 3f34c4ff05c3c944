"""The two plans of a stack, made side by side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from modelport.cli.engines.embedded import preload
from modelport.cli.workspace import Workspace
from modelport_engine.plugins.nursery import Nursery

from .side import Judges, Planning, Side, Wish
from .touched import Layout

JUDGING = "modelport-policies:"
"""How the keys of a stack's config begin by which it is judged."""


class Pair:
    """What base and head want of a stack, as soon as both are known; plans all services, or those that are given."""

    def __init__(
        self, stack: str, services: frozenset[str] | None, layouts: tuple[Layout, Layout], nursery: Nursery | None
    ):
        self._making = [_planning(stack, services, layout, layouts[0], nursery) for layout in layouts]

    @classmethod
    @contextmanager
    def made(
        cls, stack: str, services: frozenset[str] | None, layouts: tuple[Layout, Layout], nursery: Nursery | None
    ) -> Iterator[Pair]:
        """Plan them; what is still in the making at the end is stopped."""
        pair = cls(stack, services, layouts, nursery)
        try:
            yield pair
        finally:
            for each in pair._making:
                if each:
                    each.stop()

    def sides(self) -> tuple[Side, Side]:
        """Wait for both."""
        base, head = (each.side() if each else Side() for each in self._making)
        return base, head


def _planning(
    stack: str, services: frozenset[str] | None, layout: Layout, base: Layout, nursery: Nursery | None
) -> Planning | None:
    """A side's plan in the making; None where the side has no such stack, or none of the services."""
    own = None if services is None else tuple(sorted(services & layout.services_of(stack)))
    if stack not in layout.stacks or own == ():
        return None
    preload(nursery, Workspace.find(stack, layout.root))
    return Planning(Wish(str(layout.root), stack, own, _judges(stack, base)), nursery)


def _judges(stack: str, base: Layout) -> Judges:
    config = base.stacks.get(stack, {})
    profile, parameters = (config.get(f"{JUDGING}{name}") for name in ("profile", "parameters"))
    return Judges(str(base.root), profile, parameters if isinstance(parameters, dict) else {})
