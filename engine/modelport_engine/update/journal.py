"""Steps as state records them: what is written when a step begins, and what when it ends."""

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

    def begin(self, step: Step) -> Operation | None:
        """The step is about to touch something outside."""

    def end(self, operation: Operation | None, step: Step, *, done: bool) -> None:
        """The step is over; with `done`, state holds its outcome."""

    def amend(self, old: Resource, new: Resource) -> None:
        """A resource's entry changes without a step."""


class StateJournal:
    """Records steps in the state of a stack."""

    def __init__(self, state: SnapshotManager):
        self._state = state

    def begin(self, step: Step) -> Operation | None:
        """Write the pending operation."""
        kind = PENDING.get(step.op)
        return self._state.begin(kind, step.resource) if kind else None

    def end(self, operation: Operation | None, step: Step, *, done: bool) -> None:
        """Write the outcome, and that nothing is pending any more."""
        old, new = (step.old, step.new) if done else (None, None)
        if operation is None:
            self._without_operation(step)
        elif done and old and step.displaced:
            self._state.amend(old, step.displaced)
            self._state.end(operation, new=new)
        elif step.op in TAKES_OVER or not new:
            self._state.end(operation, old=old, new=new)
        else:
            self._state.end(operation, new=new)

    def amend(self, old: Resource, new: Resource) -> None:
        """Replace an entry."""
        self._state.amend(old, new)

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

    def begin(self, step: Step) -> Operation | None:
        """Nothing is pending."""

    def end(self, operation: Operation | None, step: Step, *, done: bool) -> None:
        """Nothing has changed."""

    def amend(self, old: Resource, new: Resource) -> None:
        """Nothing has changed."""
