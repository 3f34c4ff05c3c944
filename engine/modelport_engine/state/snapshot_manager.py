"""State while it changes: saved before and after each step, so that nothing that was made is ever forgotten."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from modelport_engine.state.resource import Resource
from modelport_engine.state.snapshot import Operation, Snapshot, SnapshotError, manifest

CARRIED_OVER = "creating"  # whether it exists is for the user to say; every other kind is tried again

Repeatable = Callable[[str], bool]
"""Whether creating a resource of a type twice makes it once."""


def never(kind: str) -> bool:
    """What is known of resources in general."""
    return False


@dataclass(eq=False)
class _Entries:
    """Resources in order, each known by its identity."""

    slots: dict[int, Resource] = field(default_factory=dict)
    slot_of: dict[int, tuple[int, Resource]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def add(self, resource: Resource) -> None:
        slot = next(self.numbers)
        self.slots[slot] = resource
        self.slot_of[id(resource)] = (slot, resource)

    def take(self, resource: Resource) -> bool:
        slot, _ = self.slot_of.get(id(resource), (-1, None))
        return self.slots.pop(slot, None) is not None

    def put(self, old: Resource, new: Resource) -> bool:
        slot, _ = self.slot_of.get(id(old), (-1, None))
        if slot not in self.slots:
            return False
        self.slots[slot] = new
        self.slot_of[id(new)] = (slot, new)
        return True


class SnapshotManager:
    """The state of a stack during an update; may be used from several threads.

    Changes are made in memory; `save` puts them on disk with `write`, which runs in a thread of its own and never twice
    at once. A snapshot has the resources touched in this run, in the order of completion, then the others in their old
    order. An old resource is known by identity: pass the very objects of the base snapshot, or what `amend`, `keep` or
    `end` has put in their place.

    Where creating is `repeatable`, a creation that succeeds also ends one of an earlier run whose end is unknown.
    Pulumi keeps that one until the user clears it, and so do we by default.
    """

    def __init__(
        self,
        base: Snapshot,
        write: Callable[[Snapshot], None],
        repeatable: Repeatable = never,
    ):
        self._write = write
        self._repeatable = repeatable
        self._metadata = base.metadata
        self._touched, self._untouched = _Entries(), _Entries()
        for resource in base.resources:
            self._untouched.add(resource)
        self._operations = [each for each in base.pending_operations if each.type == CARRIED_OVER]
        self._renamed: dict[str, str] = {}
        self._lost: dict[str, str] = {}
        self._changes, self._saved = 1, 0
        self._lock = threading.Lock()
        self._writer = ThreadPoolExecutor(1, "state")

    def begin(self, kind: str, resource: Resource) -> Operation:
        """A change of `resource` begins once this is saved; `kind` is creating, updating, deleting or reading."""
        operation = Operation(resource, kind)
        with self._changing():
            self._operations.append(operation)
        return operation

    def end(
        self,
        operation: Operation,
        *,
        old: Resource | None = None,
        new: Resource | None = None,
        displaced: Resource | None = None,
        retired: tuple[Resource, Resource] | None = None,
    ) -> None:
        """A change is over: `old` leaves state, or stays as `displaced`; `new` enters it. A failed one passes none.

        `retired` is another old entry and how it stays.
        """
        with self._changing():
            if retired:
                self._put(*retired)
            if old and displaced:
                self._put(old, displaced)
                old = None
            self._operations = [each for each in self._operations if each is not operation]
            if new and self._repeatable(new.type):
                self._operations = [each for each in self._operations if each.resource.urn != new.urn]
            self._move(old, new)

    def keep(self, old: Resource, new: Resource) -> None:
        """A resource that needs no change stays, as `new`."""
        with self._changing():
            self._move(old, new)

    def amend(self, old: Resource, new: Resource) -> None:
        """Put `new` at the place of `old`, for example to mark it."""
        with self._changing():
            self._put(old, new)

    def discard(self, resources: Iterable[Resource]) -> None:
        """Forget resources that are gone without a step."""
        with self._changing():
            for resource in resources:
                self._move(resource, None)

    def lose(self, resource: Resource) -> None:
        """An object is gone, whatever needed it."""
        with self._changing():
            self._move(resource, None)
            self._lost[resource.urn] = resource.parent

    def clear_pending_creates(self) -> None:
        """Forget the creations of earlier runs whose end is unknown."""
        with self._changing():
            self._operations = []

    def save(self) -> Future[None]:
        """All changes until now are on disk when the future is done; it raises what `write` does.

        What changes while a write is under way goes to disk together, with the next write.
        """
        return self._writer.submit(self._save, self._changes)

    def close(self) -> None:
        """Wait until everything is on disk; without any change, the state of a new run."""
        self.save().result()

    @property
    def snapshot(self) -> Snapshot:
        """The state as it is now."""
        resources = [*self._touched.slots.values(), *self._untouched.slots.values()]
        return Snapshot(resources, list(self._operations), manifest(), self._metadata)

    def _put(self, old: Resource, new: Resource) -> None:
        if not (self._touched.put(old, new) or self._untouched.put(old, new)):
            raise SnapshotError(f"{old.urn} is not in the state")

    def _move(self, old: Resource | None, new: Resource | None) -> None:
        if old and not (self._untouched.take(old) or self._touched.take(old)):
            raise SnapshotError(f"{old.urn} is not in the state")
        if new:
            self._touched.add(new)
        if old and new and old.urn != new.urn:
            self._renamed[old.urn] = new.urn

    def _rename(self) -> None:
        """Old entries that have not had their turn know others by the names that these have now."""
        if self._renamed:
            for resource in list(self._untouched.slots.values()):
                if resource.urn in self._renamed or not resource.needs.isdisjoint(self._renamed):
                    self._untouched.put(resource, resource.renamed(self._renamed))

    def _repair(self) -> None:
        """What has lost something that it needed, needs it no more; a child goes to the next parent that is there.

        Another object of the same URN may be there, so it is its place in the order that counts.
        """
        seen: set[str] = set()
        for entries in (self._touched, self._untouched) if self._lost else ():
            for resource in list(entries.slots.values()):
                missing = self._lost.keys() - seen
                if missing & resource.needs:
                    entries.put(resource, resource.without(missing, self._lost))
                seen.add(resource.urn)
        self._lost.clear()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock:
            yield
            self._changes += 1

    def _save(self, wanted: int) -> None:
        with self._lock:
            if self._saved >= wanted:  # it went along with the changes of others
                return
            self._rename()
            self._repair()
            snapshot, changes = self.snapshot, self._changes
        self._write(snapshot)
        self._saved = changes
