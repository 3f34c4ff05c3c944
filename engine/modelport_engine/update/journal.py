"""Steps as state records them: what is saved when a step begins, and what when it ends."""

import asyncio
from typing import Protocol

from modelport_engine.state.resource import Resource
from modelport_engine.state.snapshot import Operation
from modelport_engine.state.snapshot_manager import SnapshotManager
from modelport_engine.update.steps import Op, Step

# What state calls a step while it is under way; other steps do nothing that could be lost.
PENDING = {
    Op.CREATE: "creating",
    Op.CREATE_REPLACEMENT: "creating",
    Op.UPDATE: "updating",
    Op.DELETE: "deleting",
    Op.DELETE_REPLACED: "deleting",
    Op.READ: "reading",
    Op.IMPORT: "importing",
    Op.IMPORT_REPLACEMENT: "importing",
}
TAKES_OVER = {Op.UPDATE, Op.READ, Op.CREATE_REPLACEMENT}


class Journal(Protocol):
    """Where steps are recorded as they happen."""

    async def begin(self, step: Step) -> Operation | None:
        """The step is about to touch something outside."""

    async def end(self, operation: Operation | None, step: Step, *, done: bool) -> None:
        """The step is over; with `done`, state holds its outcome."""

    def amend(self, old: Resource, new: Resource) -> None:
        """A resource's entry changes without a step."""


class StateJournal:
    """Records steps in the state of a stack."""

    def __init__(self, state: SnapshotManager):
        self._state = state

    async def begin(self, step: Step) -> Operation | None:
        """Save the pending operation."""
        if (kind := PENDING.get(step.op)) is None:
            return None
        operation = self._state.begin(kind, step.resource)
        await self._saved()
        return operation

    async def end(self, operation: Operation | None, step: Step, *, done: bool) -> None:
        """Save the outcome, and that nothing is pending any more; a step without an operation is saved with others."""
        if operation is None:
            self._without_operation(step)
        else:
            old = step.old if step.displaced or step.op in TAKES_OVER or not step.new else None
            if done:
                self._state.end(operation, old=old, new=step.new, displaced=step.displaced, retired=step.retired)
            else:
                self._state.end(operation)
            await self._saved()

    def amend(self, old: Resource, new: Resource) -> None:
        """Replace an entry."""
        self._state.amend(old, new)

    async def _saved(self) -> None:
        await asyncio.wrap_future(self._state.save())

    def _without_operation(self, step: Step) -> None:
        match step.op:
            case Op.SAME:
                assert step.old and step.new
                self._state.keep(step.old, step.new)
            case Op.DISCARD | Op.DISCARD_REPLACED | Op.REMOVE_PENDING_REPLACE:
                assert step.old
                self._state.discard([step.old])
            case Op.REFRESH if step.old:
                if step.new:
                    self._state.amend(step.old, step.new)
                else:
                    self._state.lose(step.old)


class NoJournal:
    """A preview records nothing."""

    async def begin(self, step: Step) -> Operation | None:
        """Nothing is pending."""

    async def end(self, operation: Operation | None, step: Step, *, done: bool) -> None:
        """Nothing has changed."""

    def amend(self, old: Resource, new: Resource) -> None:
        """Nothing has changed."""
