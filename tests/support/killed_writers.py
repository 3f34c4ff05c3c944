"""Kills processes that write state, at random moments: ``python killed_writers.py FOLDER ROUNDS``.

A writer tells each finished write through a pipe. What lies on disk after its death must be its last finished write or
the next one; otherwise this exits with a traceback.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from modelport_engine.state.backend import Backend, StackName
from modelport_engine.state.resource import Resource
from modelport_engine.state.snapshot import Encoder, Snapshot, checkpoint, deployment_of
from modelport_engine.state.snapshot_manager import SnapshotManager

STACK = StackName("demo", "dev")
LONGEST_LIFE = 0.05


def main(folder: Path, rounds: int) -> None:
    backend = Backend(folder)
    for _ in range(rounds):
        start = read(backend)
        finished = kill_a_writer(backend, start)
        end = read(backend)
        first = 2 * len(start.resources)
        allowed = {first + finished, first + finished + 1} | ({position(start)} if not finished else set())
        assert position(end) in allowed, (position(end), allowed)
    print(len(end.resources))


def kill_a_writer(backend: Backend, start: Snapshot) -> int:
    """Start a writer and kill it; returns how many writes it has finished."""
    out, into = os.pipe()
    if not (pid := os.fork()):
        write_forever(backend, start, into)
    os.close(into)
    time.sleep(random.random() * LONGEST_LIFE)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with os.fdopen(out, "rb") as pipe:
        return len(pipe.read())


def write_forever(backend: Backend, start: Snapshot, pipe: int) -> None:
    encoder = Encoder(lambda _: {})

    def save(snapshot: Snapshot) -> None:
        backend.write(STACK, checkpoint(str(STACK), encoder.deployment(snapshot, None)))
        os.write(pipe, b".")

    manager = SnapshotManager(start, save)
    manager.clear_pending_creates()
    for number in range(len(start.resources), 10**6):
        new = Resource(urn=f"urn:pulumi:dev::demo::t::{number}", custom=True, type="t", inputs={"text": "x" * 500})
        operation = manager.begin("creating", new)
        manager.save().result()
        manager.end(operation, new=new)
        manager.save().result()


def read(backend: Backend) -> Snapshot:
    document = backend.read(STACK)
    snapshot = Snapshot.from_json(deployment_of(document) if document else {}, decrypt=json.dumps)
    snapshot.check()
    return snapshot


def position(snapshot: Snapshot) -> int:
    """How many writes lead from an empty state to this one."""
    return 2 * len(snapshot.resources) + len(snapshot.pending_operations)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
