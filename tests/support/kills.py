"""Engines and providers killed at random moments: ``python kills.py FOLDER ROUNDS SEED``.

After each kill nothing that was made is lost, and the next run brings about what the killed one should have. Ends with
a traceback that names the round when that is not so; prints how many of the kills broke something off.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from support.forks import Ended, Engine
from support.graphs import Graph
from support.worlds import PASSPHRASE, Broken, World

from modelport_engine.state.secrets import Secrets

NODES = 12
MOST_EDITS = 4
LONGEST_CALL = 0.01
LONGEST_LIFE = 0.4
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
    """Edit, kill, look, go on; returns whether the kill broke something off."""
    for _ in range(random.randint(0, MOST_EDITS)):
        graph.edit()
    graph.unprotect()
    command, options = random.choice(RUNS)
    engine = world.start(command, graph, parallel=random.choice((1, 4)), clear_pending_creates=True, **options)
    ended = kill(random, engine, world)
    world.check()
    world.unlock()
    for each in dict.fromkeys(
        (command, "up")
    ):  # what was to be deleted is not there for `up` before it has been deleted
        again = world.run(each, graph, skip_preview=True)
        if again.exit_code:
            raise Broken(f"{each} failed after {command} was killed: {again.errors}")
    world.check_converged(graph)
    graph.forget_aliases()
    world.confirm()
    return ended.killed or bool(ended.exit_code)


def kill(random: Random, engine: Engine, world: World) -> Ended:
    """Kill the engine or one of its providers, after so many calls or so much time."""
    calls = random.randint(0, 2 * NODES) if random.random() < 0.7 else sys.maxsize
    moment = time.monotonic() + random.random() * LONGEST_LIFE if calls == sys.maxsize else float("inf")
    engine.wait(lambda: len(world.log.read_bytes().splitlines()) > calls or time.monotonic() > moment)
    providers = [call["pid"] for call in world.calls if call["method"] == "Start"]
    if providers and random.random() < 0.4:
        with suppress(ProcessLookupError):
            os.kill(random.choice(providers), signal.SIGKILL)
    else:
        engine.kill()
    return engine.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
