import asyncio

from modelport_engine.state.resource import Resource
from modelport_engine.state.snapshot import Snapshot
from modelport_engine.state.snapshot_manager import SnapshotManager
from modelport_engine.update.journal import StateJournal
from modelport_engine.update.steps import Op, Step

ONE = Resource(urn="urn:pulumi:dev::demo::sim:index:Bucket::one", custom=True, type="sim:index:Bucket")


def test_a_step_may_begin_when_it_is_on_disk_that_it_does_and_is_over_when_its_outcome_is():
    written = []
    journal, step = StateJournal(SnapshotManager(Snapshot(), written.append)), Step(Op.CREATE, new=ONE)

    async def write():
        operation = await journal.begin(step)
        begun = written[-1]
        await journal.end(operation, step, done=True)
        return begun, written[-1]

    begun, ended = asyncio.run(write())
    assert [each.type for each in begun.pending_operations] == ["creating"]
    assert (list(begun.resources), list(ended.resources), ended.pending_operations) == ([], [ONE], [])
