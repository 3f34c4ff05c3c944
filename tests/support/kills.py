"""Engines and providers killed at random moments: ``python kills.py FOLDER ROUNDS SEED``.

After each kill nothing that was made is lost, and the next run brings about what the killed one should have. Ends with
a traceback that names the round when that is not so; prints how many of the kills came in a change.
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
    in_a_change = 0
    for number in range(rounds):
        try:
            in_a_change += one_round(random, graph, world)
        except Exception as error:
            raise Broken(f"seed {seed}, round {number}: {error}") from error
    print(in_a_change)


def one_round(random: Random, graph: Graph, world: World) -> bool:
    """Edit, kill, look, go on; returns whether the kill came in a change."""
    for _ in range(random.randint(1, MOST_EDITS)):
        graph.edit()
    graph.unprotect()
    command, options = random.choice(RUNS)
    changes = random.choice((random.randint(1, NODES // 3), random.randint(1, NODES // 3), None))
    faults = {"linger from": changes} if changes else {}
    engine = world.start(command, graph, faults, parallel=random.choice((1, 4)), clear_pending_creates=True, **options)
    in_a_change = kill(random, engine, world, changes)
    world.check()
    world.unlock()
    for each in dict.fromkeys((command, "up")):  # `up` cannot know what a broken off `destroy` has deleted
        again = world.run(each, graph, skip_preview=True)
        if again.exit_code:
            raise Broken(f"{each} failed after {command} was killed: {again.errors}")
    world.check_converged(graph)
    graph.forget_aliases()
    world.confirm()
    return in_a_change


def kill(random: Random, engine: Engine, world: World, changes: int | None) -> bool:
    """Kill the engine or a provider: in that change, after some calls or some time. Returns whether it was in one."""
    moment = time.monotonic() + random.random() * LONGEST_LIFE
    calls = random.randint(0, 2 * NODES)

    def changing() -> bool:
        begins = [call["begins"] for call in world.calls if call["method"] in CHANGES]
        return begins.count(True) >= (changes or 0) and begins.count(True) > begins.count(False)

    def called() -> bool:
        return len(world.calls) > calls

    reached = changing if changes else random.choice((called, lambda: time.monotonic() > moment))
    engine.wait(reached)
    in_a_change = changing()
    providers = [call["pid"] for call in world.calls if call["method"] == "Start"]
    if providers and random.random() < 0.4:
        with suppress(ProcessLookupError):
            os.kill(random.choice(providers), signal.SIGKILL)
    else:
        engine.kill()
    engine.end()
    return in_a_change


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
