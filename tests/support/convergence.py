"""Random graphs, edited and disturbed, brought to convergence: ``python convergence.py FOLDER EPISODES SEED...``.

Ends with a traceback that names the seed and the episode when an invariant is broken.
"""

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

from support.graphs import Graph
from support.worlds import PASSPHRASE, Broken, World

from modelport_engine.state.resource import Resource
from modelport_engine.state.secrets import Secrets

SMALLEST, LARGEST = 20, 60
MOST_EDITS = 6
ATTEMPTS = 6
LONGEST_CALL = 0.004
METHODS = ("Create", "Create", "Update", "Delete", "Check", "Diff")
FAULTS = ("refuse", "refuse", "die", "die late")


def main(folder: Path, episodes: int, seeds: list[int]) -> None:
    secrets = Secrets(PASSPHRASE)
    secrets.verify()
    for seed in seeds:
        Story(folder / str(seed), seed, secrets).tell(episodes)
        shutil.rmtree(folder / str(seed))


class Story:
    """What happens to one graph."""

    def __init__(self, folder: Path, seed: int, secrets: Secrets):
        self._seed, self._episode, self._random = seed, 0, Random(seed)
        self._graph = Graph(self._random, self._random.randint(SMALLEST, LARGEST))
        self._world = World(folder, secrets, LONGEST_CALL)
        self._disturbances = (self._plain, self._faults, self._faults, self._killed, self._refreshed)

    def tell(self, episodes: int) -> None:
        try:
            self._converge()
            for _ in range(episodes):
                self._episode += 1
                for _ in range(self._random.randint(1, MOST_EDITS)):
                    self._graph.edit()
                disturbance = self._random.choice(self._disturbances)
                disturbance()
                self._converge()
            self._destroy()
        except Exception as error:
            raise Broken(f"seed {self._seed}, episode {self._episode}: {error}") from error

    def _plain(self) -> None:
        self._world.run("up", self._graph, skip_preview=False)

    def _faults(self) -> None:
        """Calls are refused, or the provider dies in them."""
        faults: dict[str, dict[str, str]] = {}
        for node in self._random.sample(self._graph.nodes, len(self._graph.nodes) // 2):
            faults.setdefault(self._random.choice(METHODS), {})[node.name] = self._random.choice(FAULTS)
        go_on = self._random.random() < 0.5
        self._world.run("up", self._graph, faults, skip_preview=True, continue_on_error=go_on)

    def _killed(self) -> None:
        engine = self._world.start("up", self._graph, skip_preview=True)
        lines = self._random.randint(1, 4 * len(self._graph.nodes))
        engine.wait(lambda: len(self._world.log.read_bytes().splitlines()) >= lines)
        engine.kill()
        engine.end()
        self._world.check()

    def _refreshed(self) -> None:
        """Objects vanish, and the engine is told to look."""
        cloud = sorted(set(self._world.cloud) - self._world.retained)
        for id in self._random.sample(cloud, min(len(cloud), self._random.randint(0, 3))):
            self._world.remove(id)
        ended = self._world.run("refresh", self._graph)
        if ended.exit_code:
            raise Broken(f"refresh failed: {ended.errors}")

    def _converge(self) -> None:
        """Update until it works, and then once more: nothing may change."""
        for _ in range(ATTEMPTS):
            self._world.unlock()
            self._world.confirm()
            ended = self._world.run("up", self._graph, skip_preview=True, refresh=True, clear_pending_creates=True)
            if ended.exit_code == 0:
                break
            if "protect" not in ended.errors:
                raise Broken(f"up failed: {ended.errors}")
            self._graph.unprotect()
            self._world.unprotect()
        else:
            raise Broken(f"no success in {ATTEMPTS} attempts: {ended.errors}")
        self._world.check_converged(self._graph)
        self._graph.forget_aliases()
        before = self._world.state
        again = self._world.run("up", self._graph, skip_preview=True)
        changed = [step for step in again.steps if not step.startswith("same ")]
        if again.exit_code or changed:
            raise Broken(f"a second run is no no-op: {changed} {again.errors}")
        after = {each.urn: each for each in self._world.state.resources}
        different = [each.urn for each in before.resources if _comparable(each) != _comparable(after[each.urn])]
        if different:
            raise Broken(f"a run without changes changed {different}")

    def _destroy(self) -> None:
        self._graph.unprotect()
        self._converge()
        ended = self._world.run("destroy", self._graph, skip_preview=True)
        left = [each.urn for each in self._world.state.resources]
        orphans = self._world.cloud.keys() - self._world.retained
        if ended.exit_code or left or orphans:
            raise Broken(f"destroy left {left} in the state, {orphans} in the cloud: {ended.errors}")


def _comparable(resource: Resource) -> Resource:
    """Without the stack trace, which has the frames of this process, too; the SDK sends dependencies in any order."""
    return replace(resource, stack_trace=[], dependencies=sorted(resource.dependencies))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), [int(seed) for seed in sys.argv[3:]])
