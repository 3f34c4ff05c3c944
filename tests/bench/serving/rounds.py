"""The contests, in rounds: each entrant in turn, a fresh process on the first core; the client is on the second."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from bench.serving.client import closed_loop, open_loop
from bench.serving.contests import LOW_LOAD, RAW, Contest, Entrant, Trial
from bench.serving.environments import Absent, interpreter
from bench.serving.models import Served
from bench.serving.results import MEMORY, P50, P99, START, Key, Results, latency
from bench.serving.servers import Cores, Running, ours, peer, verify

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much to measure.

    Attributes:
        rounds: how often; peers take part in every `peers_every`-th round, in none for 0.
        seconds: of each closed loop.
        calm_seconds: of each open loop: tails need more.
    """

    rounds: int
    peers_every: int
    seconds: float
    calm_seconds: float


class Bench:
    """Measures; `results` has what was found so far."""

    def __init__(self, plan: Plan, models: dict[str, Served], cores: list[int], say: Say):
        self.results = Results()
        self._plan, self._models, self._say = plan, models, say
        self._cores = cores

    def install(self, contests: list[Contest]) -> None:
        """Make the environments of all peers, so that no round waits for them."""
        peers = {entrant.peer: None for contest in contests for entrant in contest.entrants if entrant.peer}
        for name in peers if self._plan.peers_every else ():
            try:
                self._say(f"environment of {name}: {interpreter(name)}")
            except Absent as problem:
                self._miss(name, problem)

    def run(self, contest: Contest) -> None:
        server, client = set(self._cores[: contest.cores]), {self._cores[-1]}
        os.sched_setaffinity(0, client if contest.cores == 1 else server)
        for number in range(self._plan.rounds):
            self._say(f"{contest.name}, round {number + 1} of {self._plan.rounds}")
            for rows in contest.raw:
                self._raw(contest, rows, server, number)
            for entrant in contest.entrants:
                if self._takes_part(entrant, number):
                    self._try(contest, entrant, server, number)

    def _takes_part(self, entrant: Entrant, number: int) -> bool:
        if entrant.peer is None:
            return True
        every = self._plan.peers_every
        return every > 0 and entrant.peer not in self.results.absent and (entrant.is_reference or number % every == 0)

    def _raw(self, contest: Contest, rows: int, cores: Cores, number: int) -> None:
        what = "1 row" if rows == 1 else f"{rows} rows"
        command = [sys.executable, Path(__file__).with_name("raw.py"), self._models[contest.model].path]
        words = [*map(str, command), str(rows), str(contest.cores), str(self._plan.seconds)]
        pinned = lambda: os.sched_setaffinity(0, cores)  # noqa: E731
        done = subprocess.run(words, check=True, capture_output=True, text=True, preexec_fn=pinned)
        self._found((contest.name, RAW, what), number, float(done.stdout))

    def _try(self, contest: Contest, entrant: Entrant, cores: Cores, number: int) -> None:
        model, wire = self._models[contest.model], next(iter(entrant.trials.values())).wire
        try:
            made = peer(entrant.peer, model, wire, cores) if entrant.peer else ours(model, wire, cores)
            with made as server:
                for each in {trial.wire.name: trial.wire for trial in entrant.trials.values()}.values():
                    verify(server, model, each)
                for what, trial in entrant.trials.items():
                    self._measure(contest, entrant.name, what, trial, server, number)
                self._found((contest.name, entrant.name, START), number, server.start)
                self._found((contest.name, entrant.name, MEMORY), number, server.memory())
        except Absent as problem:
            if entrant.peer is None:
                raise
            self._miss(entrant.peer, problem)

    def _miss(self, name: str, problem: Absent) -> None:
        self.results.absent[name] = str(problem)
        self._say(f"  {name} takes no part: {problem}")

    def _measure(self, contest: Contest, who: str, what: str, trial: Trial, server: Running, number: int) -> None:
        model = self._models[contest.model]
        connections = [
            trial.wire.connection(server.address(trial.wire), model, model.inputs[each % len(model.inputs)])
            for each in range(trial.clients)
        ]
        key = (contest.name, who, what)
        if trial.rate is None:
            with Watch(server, self.results, key):
                found = closed_loop(connections, self._plan.seconds)
            self._found(key, number, found)
            return
        rate = trial.rate or LOW_LOAD * (self.results.value((contest.name, RAW, "1 row")) or 100)
        latencies = open_loop(connections, rate, self._plan.calm_seconds, seed=number)
        for quantile, at in ((P50, 0.5), (P99, 0.99)):
            value = latencies[int(at * len(latencies))] * 1000
            self._found((contest.name, who, latency(what, quantile)), number, value)

    def _found(self, key: Key, number: int, value: float) -> None:
        self.results.add(key, number, value)
        self._say(f"  {key[1]:<18} {key[2]:<24} {value:12,.3f}")


class Watch:
    """What the client and other processes use of the processors while a server is asked as fast as it answers."""

    def __init__(self, server: Running, results: Results, key: Key):
        self._server, self._results, self._key = server, results, key

    def __enter__(self) -> None:
        self._before = self._now()

    def __exit__(self, *_: object) -> None:
        wall, client, server, everybody = (now - before for now, before in zip(self._now(), self._before, strict=True))
        self._results.client = max(self._results.client, (client / wall, self._key))
        self._results.foreign.append(max(0.0, (everybody - client - server) / wall))

    def _now(self) -> tuple[float, float, float, float]:
        times = psutil.cpu_times()
        everybody = times.user + times.nice + times.system + getattr(times, "steal", 0)
        return time.perf_counter(), time.process_time(), self._server.seconds(), everybody
