import json
import threading
from dataclasses import replace

import pytest
from support.states import recorded, recorded_states

from modelport_engine.state.resource import Resource
from modelport_engine.state.snapshot import Encoder, Operation, Snapshot, SnapshotError, deployment_of
from modelport_engine.state.snapshot_manager import SnapshotManager


class Disk:
    """Keeps every snapshot that is saved."""

    def __init__(self):
        self.saved: list[Snapshot] = []

    @property
    def seen(self):
        return [seen(snapshot) for snapshot in self.saved]


def seen(snapshot):
    """What a reader of the file sees: the resources in order with their marks, and what is pending."""
    marks = [(each.urn, each.delete, each.pending_replacement) for each in snapshot.resources]
    return marks, [(each.type, each.resource.urn) for each in snapshot.pending_operations]


def written(scenario):
    """What Pulumi's own engine wrote during a run, in order."""
    names = sorted(name for name in recorded_states() if name.startswith(f"{scenario}/checkpoints/"))
    return [snapshot_of(name) for name in names]


def snapshot_of(name):
    return Snapshot.from_json(deployment_of(recorded(name)), decrypt=json.dumps)


def entry(name, **fields):
    return Resource(
        urn=f"urn:pulumi:dev::demo::sim:index:Bucket::{name}", custom=True, type="sim:index:Bucket", **fields
    )


def begin(manager, kind, resource):
    operation = manager.begin(kind, resource)
    manager.save().result()
    return operation


def end(manager, operation, **outcome):
    manager.end(operation, **outcome)
    manager.save().result()


def names(snapshot):
    return [each.urn.rpartition("::")[2] for each in snapshot.resources]


def test_creating_writes_twice_a_step_as_pulumi_does():
    disk, recording = Disk(), written("70a-ckpt-up-first")
    manager = SnapshotManager(Snapshot(), disk.saved.append)
    for before, after in zip(recording[0:16:2], recording[1:16:2], strict=True):
        operation = begin(manager, "creating", before.pending_operations[0].resource)
        end(manager, operation, new=after.resources[-1])
    manager.amend(manager.snapshot.resources[0], recording[16].resources[0])  # the stack has its outputs
    manager.close()
    assert disk.seen == [seen(each) for each in recording]


def test_destroying_writes_twice_a_step_as_pulumi_does():
    disk, recording = Disk(), written("70f-ckpt-destroy")
    base = replace(recording[0], pending_operations=[])
    manager = SnapshotManager(base, disk.saved.append)
    for before in recording[0::2]:
        deleted = before.pending_operations[0].resource.urn
        old = next(each for each in base.resources if each.urn == deleted)
        end(manager, begin(manager, "deleting", old), old=old)
    manager.close()
    assert disk.seen == [seen(each) for each in recording[: len(disk.seen)]]
    assert disk.saved[-1].resources == []


def test_a_resource_deleted_before_its_replacement_stays_marked_until_it_is_made_again():
    disk, recording = Disk(), written("70c-ckpt-dbr-cascade")
    base = replace(recording[0], pending_operations=[])
    manager = SnapshotManager(base, disk.saved.append)
    old = {each.urn.rpartition("::")[2]: each for each in base.resources}
    marked = {name: replace(old[name], pending_replacement=True) for name in "ab"}
    for name in ("demo4-dev", "default", "e"):
        manager.keep(old[name], old[name])
    for name in "ba":
        operation = begin(manager, "deleting", old[name])
        end(manager, operation, old=old[name], displaced=marked[name])
    end(manager, begin(manager, "creating", old["a"]), old=marked["a"], new=old["a"])
    for name in "g":
        manager.keep(old[name], old[name])
    end(manager, begin(manager, "creating", old["b"]), old=marked["b"], new=old["b"])
    for name in "cd":
        manager.keep(old[name], old[name])
    manager.close()
    assert disk.seen == [seen(each) for each in recording]


def test_a_failed_step_leaves_nothing_pending_and_the_old_resource():
    disk, recording = Disk(), written("70d-ckpt-failupdate")
    base = replace(recording[0], pending_operations=[])
    manager = SnapshotManager(base, disk.saved.append)
    end(manager, begin(manager, "updating", base.resources[4]))
    manager.amend(base.resources[0], base.resources[0])
    manager.close()
    assert disk.seen == [seen(each) for each in recording]


def test_a_run_without_changes_writes_once():
    disk = Disk()
    a, b = entry("a"), entry("b")
    manager = SnapshotManager(Snapshot([a, b]), disk.saved.append)
    manager.keep(a, a)
    manager.keep(b, b)
    manager.close()
    manager.close()
    assert [names(each) for each in disk.saved] == [["a", "b"]]


def test_what_was_touched_stands_before_what_was_not():
    disk = Disk()
    a, b, c = entry("a"), entry("b"), entry("c")
    manager = SnapshotManager(Snapshot([a, b, c]), disk.saved.append)
    manager.keep(c, c)
    end(manager, begin(manager, "creating", entry("new")), new=entry("new"))
    end(manager, begin(manager, "deleting", b), old=b)
    assert names(disk.saved[-1]) == ["c", "new", "a"]


def test_a_replaced_resource_stays_marked_behind_its_replacement_until_it_is_deleted():
    disk = Disk()
    old, new = entry("a", id="1"), entry("a", id="2")
    doomed = replace(old, delete=True)
    manager = SnapshotManager(Snapshot([old]), disk.saved.append)
    operation = begin(manager, "creating", new)
    end(manager, operation, old=old, displaced=doomed, new=new)
    assert [(each.id, each.delete) for each in disk.saved[-1].resources] == [("2", False), ("1", True)]
    end(manager, begin(manager, "deleting", doomed), old=doomed)
    assert [(each.id, each.delete) for each in disk.saved[-1].resources] == [("2", False)]


def test_a_resource_that_is_taken_back_changes_places_with_its_replacement():
    disk = Disk()
    first, second, again = entry("a", id="1", delete=True), entry("a", id="2"), entry("a", id="1")
    manager = SnapshotManager(Snapshot([second, first]), disk.saved.append)
    marked = replace(second, delete=True)
    end(manager, begin(manager, "updating", again), old=first, new=again, retired=(second, marked))
    assert [(each.id, each.delete) for each in disk.saved[-1].resources] == [("1", False), ("2", True)]
    end(manager, begin(manager, "deleting", marked), old=marked)
    assert [each.id for each in disk.saved[-1].resources] == ["1"]


def test_only_creations_whose_end_is_unknown_are_carried_over():
    disk = Disk()
    pending = [Operation(entry(kind), kind) for kind in ("creating", "updating", "deleting", "reading")]
    manager = SnapshotManager(Snapshot(pending_operations=pending), disk.saved.append)
    manager.close()
    assert disk.saved[-1].pending_operations == [pending[0]]
    manager.clear_pending_creates()
    manager.close()
    assert disk.saved[-1].pending_operations == []


def test_a_creation_that_may_be_repeated_ends_the_one_whose_end_is_unknown():
    disk, other = Disk(), Operation(entry("other"), "creating")
    base = Snapshot([], [Operation(entry("a"), "creating"), other])
    manager = SnapshotManager(base, disk.saved.append, lambda kind: kind == "sim:index:Bucket")
    end(manager, begin(manager, "creating", entry("a")), new=entry("a", id="1"))
    assert manager.snapshot.pending_operations == [other]


def test_a_resource_that_state_does_not_have_is_told():
    manager = SnapshotManager(Snapshot([entry("a")]), lambda _: None)
    with pytest.raises(SnapshotError, match=r"::b is not in the state"):
        manager.amend(entry("b"), entry("b"))
    with pytest.raises(SnapshotError, match=r"::b is not in the state"):
        end(manager, begin(manager, "deleting", entry("b")), old=entry("b"))


def test_steps_of_many_threads_are_written_one_after_the_other():
    writing, saved = threading.Lock(), []

    def save(snapshot):
        assert writing.acquire(blocking=False), "two writes at once"
        saved.append(snapshot)
        writing.release()

    manager = SnapshotManager(Snapshot(), save)

    def create(name):
        end(manager, begin(manager, "creating", entry(name)), new=entry(name))

    threads = [threading.Thread(target=create, args=(f"r{number}",)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(names(saved[-1])) == {f"r{number}" for number in range(40)}
    assert saved[-1].pending_operations == []


def test_what_changes_while_a_write_is_under_way_goes_to_disk_together():
    disk, writing, may_end = Disk(), threading.Event(), threading.Event()

    def write(snapshot):
        writing.set()
        assert may_end.wait(60)
        disk.saved.append(snapshot)

    manager = SnapshotManager(Snapshot(), write)
    operations, saves = [], []
    for number in range(9):
        operations.append(manager.begin("creating", entry(f"r{number}")))
        saves.append(manager.save())
        assert writing.wait(60)
    manager.end(operations[0], new=entry("r0"))
    saves.append(manager.save())
    assert not any(save.done() for save in saves)
    may_end.set()
    for save in saves:
        save.result()
    assert [len(each.pending_operations) for each in disk.saved] == [1, 8]
    assert [names(each) for each in disk.saved] == [[], ["r0"]]


def test_a_step_costs_no_more_encodings_in_a_large_state_than_in_a_small_one(monkeypatch):
    encoded = []
    to_json = Resource.to_json
    monkeypatch.setattr(Resource, "to_json", lambda self, seal: encoded.append(self) or to_json(self, seal))

    def encodings(steps):
        encoded.clear()
        encoder = Encoder(lambda _: {})
        manager = SnapshotManager(Snapshot(), lambda snapshot: encoder.deployment(snapshot, None))
        for number in range(steps):
            end(manager, begin(manager, "creating", entry(f"r{number}")), new=entry(f"r{number}", id="1"))
        return len(encoded)

    assert 0 < encodings(100) <= 2 * encodings(50)


def test_what_could_not_be_written_is_written_at_the_end():
    saved = []

    def save(snapshot):
        if len(saved) == 1:
            saved.append("failed")
            raise OSError("No space left on device")
        saved.append(snapshot)

    manager = SnapshotManager(Snapshot(), save)
    operation = begin(manager, "creating", entry("a"))
    with pytest.raises(OSError, match="No space left"):
        end(manager, operation, new=entry("a"))
    manager.close()
    assert seen(saved[-1]) == ([(entry("a").urn, False, False)], [])


def named(name, **fields):
    return Resource(urn=name, custom=True, type="t", **fields)


def test_a_resource_under_a_new_name_is_known_by_it_to_those_that_have_not_had_their_turn():
    disk = Disk()
    provider, old = named("p", id="1"), named("a")
    needing = named("b", parent="a", provider="p::1", dependencies=["a"], property_dependencies={"x": ["a", "p"]})
    state = SnapshotManager(Snapshot([provider, old, needing, named("c", deleted_with="a")]), disk.saved.append)

    state.keep(old, named("new a"))
    state.keep(provider, named("new p", id="1"))
    state.close()

    disk.saved[-1].check()
    found = {each.urn: each for each in disk.saved[-1].resources}
    assert found["b"].needs == {"new a", "new p"}
    assert found["b"].provider == "new p::1"
    assert found["c"].deleted_with == "new a"
    state.keep(needing, named("b"))
    state.close()
    assert found.keys() == {each.urn for each in disk.saved[-1].resources}


def test_what_waits_for_its_deletion_goes_by_the_new_name_of_its_successor():
    disk = Disk()
    old, marked = named("a"), named("a", delete=True)
    needing = named("b", delete=True, dependencies=["a"])
    state = SnapshotManager(Snapshot([marked, needing, old]), disk.saved.append)

    state.keep(old, named("new a"))
    state.close()

    assert [(each.urn, each.dependencies) for each in disk.saved[-1].resources] == [
        ("new a", []),
        ("new a", []),
        ("b", ["new a"]),
    ]


def test_what_has_lost_something_that_it_needed_needs_it_no_more():
    disk = Disk()
    grandparent, parent = named("g"), named("p", parent="g")
    kept = named("k")
    child = named("c", parent="p", deleted_with="p", dependencies=["p", "k"], property_dependencies={"x": ["p", "k"]})
    state = SnapshotManager(Snapshot([grandparent, parent, kept, child]), disk.saved.append)

    state.lose(grandparent)
    state.lose(parent)
    state.close()

    disk.saved[-1].check()
    found = disk.saved[-1].resources[-1]
    assert (found.parent, found.deleted_with, found.dependencies) == ("", "", ["k"])
    assert found.property_dependencies == {"x": ["k"]}


def test_another_object_of_the_same_name_is_still_needed_by_what_stands_after_it():
    disk = Disk()
    lost, left = named("a", delete=True), named("a")
    before, after = named("b", dependencies=["a"]), named("c", dependencies=["a"])
    state = SnapshotManager(Snapshot([lost, before, left, after]), disk.saved.append)

    state.lose(lost)
    state.close()

    assert [each.dependencies for each in disk.saved[-1].resources] == [[], [], ["a"]]
