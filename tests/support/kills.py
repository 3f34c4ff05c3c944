"""Engines and providers killed at random moments: ``python kills.py FOLDER ROUNDS SEED``.

After each kill nothing that was made is lost, and the next run brings about what the killed one should have. Ends with
a traceback that names the round when that is not so; prints how many of the kills broke off a change.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from support.forks import Engine
from support.graphs import Graph
from support.worlds import PASSPHRASE, Broken, World

from modelport_engine.state.secrets import Secrets

NODES = 12
MOST_EDITS = 8
LONGEST_CALL = 0.03
LONGEST_LIFE = 0.4
CHANGES = ("Create", "Update", "Delete")
RUNS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("up", {"skip_preview": True}),
    ("up", {"skip_preview": True}),
    ("up", {"skip_preview": False}),
    ("up", {"skip_preview": True, "refresh": True}),
    ("refresh", {}),
    ("destroy", {"skip_preview": True}),
)


def main(folder: Path, rounds: int, seed: int) -> None:
    secrets = Secrets(PASSPHRASE)
    secrets.verify()
    random = Random(seed)
    graph, world = Graph(random, NODES), World(folder, secrets, LONGEST_CALL)
    broken_off = 0
    for number in range(rounds):
        try:
            broken_off += one_round(random, graph, world)
        except Exception as error:
            raise Broken(f"seed {seed}, round {number}: {error}") from error
    print(broken_off)


def one_round(random: Random, graph: Graph, world: World) -> bool:
    """Edit, kill, look, go on; returns whether the kill broke off a change."""
    for _ in range(random.randint(1, MOST_EDITS)):
        graph.edit()
    graph.unprotect()
    command, options = random.choice(RUNS)
    engine = world.start(command, graph, parallel=random.choice((1, 4)), clear_pending_creates=True, **options)
    kill(random, engine, world)
    world.check()
    broken_off = bool(world.state.pending_operations)
    world.unlock()
    for each in dict.fromkeys((command, "up")):  # `up` cannot know what a broken off `destroy` has deleted
        again = world.run(each, graph, skip_preview=True)
        if again.exit_code:
            raise Broken(f"{each} failed after {command} was killed: {again.errors}")
    world.check_converged(graph)
    graph.forget_aliases()
    world.confirm()
    return broken_off


def kill(random: Random, engine: Engine, world: World) -> None:
    """Kill the engine or one of its providers: in a change, after some calls of any kind, or after some time."""
    moment = time.monotonic() + random.random() * LONGEST_LIFE
    changes, calls = random.randint(1, NODES // 3), random.randint(0, 2 * NODES)

    def changing() -> bool:
        begins = [call["begins"] for call in world.calls if call["method"] in CHANGES]
        return begins.count(True) >= changes and begins.count(True) > begins.count(False)

    def called() -> bool:
        return len(world.calls) > calls

    reached = random.choice((changing, changing, called, lambda: time.monotonic() > moment))
    engine.wait(reached)
    providers = [call["pid"] for call in world.calls if call["method"] == "Start"]
    if providers and random.random() < 0.4:
        with suppress(ProcessLookupError):
            os.kill(random.choice(providers), signal.SIGKILL)
    else:
        engine.kill()
    engine.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
