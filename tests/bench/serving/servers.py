"""Server processes on the cores that are theirs: ours, and each peer's in its own environment."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from bench.serving.client import Address, WrongAnswer, answers
from bench.serving.environments import PEERS, Absent, interpreter
from bench.serving.models import Served
from bench.serving.wires import Wire, check
from support.server import free_port

PATIENCE = 90  # seconds until a server that is not ready has failed
GRACE, LAST_GRACE = 20, 3  # seconds to end in, and for its children then: who is killed leaves files behind
POLL = 0.005
NOT_HANDED_ON = ("MODELPORT_", "PYTHON", "VIRTUAL_ENV")
MOST = {"logreg": 32, "mlp": 32, "resnet": 8}  # requests that peers may run as one: no more gain anything

Cores = set[int]


@dataclass(frozen=True)
class Running:
    """A server that has answered rightly.

    Attributes:
        start: seconds from its start to its first answer.
    """

    process: psutil.Process
    http: Address
    grpc: Address
    start: float

    def address(self, wire: Wire) -> Address:
        return self.grpc if wire.is_grpc else self.http

    def memory(self) -> float:
        """The resident memory of all its processes, in MB."""
        return sum(each.memory_info().rss for each in tree(self.process)) / 1e6

    def seconds(self) -> float:
        """The processor time of all its processes."""
        return sum(sum(each.cpu_times()[:2]) for each in tree(self.process))


def tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


@contextmanager
def ours(model: Served, wire: Wire, cores: Cores, *flags: str) -> Iterator[Running]:
    """The serving image's server as anybody would start it."""
    command = [sys.executable, "-m", "modelport_server", "serve", "--model", str(model.path)]
    command += ["--http-port", "0", "--grpc-port", "0", *flags] if wire.is_grpc else ["--http-port", "0", *flags]

    def ports(process: subprocess.Popen) -> tuple[int, int]:
        line = process.stdout.readline()
        ready = json.loads(line) if line else {}
        return ready.get("http", 0), ready.get("grpc") or 0

    with _running(command, {}, cores, model, wire, ports) as server:
        yield server


@contextmanager
def peer(name: str, model: Served, wire: Wire, cores: Cores) -> Iterator[Running]:
    """A peer's server.

    Raises:
        Absent: it cannot be installed, started or asked.
    """
    python, ports = interpreter(name), (free_port(), free_port())
    env = {
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "BENCH_MODEL": str(model.path),
        "BENCH_PORT": str(ports[0]),
        "BENCH_GRPC_PORT": str(ports[1]),
        "BENCH_MOST": str(MOST[model.name]),
        "PYTHONPATH": str(PEERS),
        "OMP_NUM_THREADS": str(len(cores)),
    }
    command = [str(python), str(PEERS / name / "server.py")]
    with _running(command, env, cores, model, wire, lambda _: ports) as server:
        yield server


@contextmanager
def _running(
    command: list[str],
    env: dict[str, str],
    cores: Cores,
    model: Served,
    wire: Wire,
    ports: Callable[[subprocess.Popen], tuple[int, int]],
) -> Iterator[Running]:
    """A process with a home and a log of its own, from its first right answer to its end and that of its children."""
    home = Path(tempfile.mkdtemp(prefix="serving-"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_HANDED_ON)}
    variables = {**kept, "HOME": str(home), "TMPDIR": str(home), **env}
    started = time.perf_counter()
    with (home / "log").open("w+") as log:
        process = subprocess.Popen(
            command,
            cwd=home,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if not env else log,
            stderr=log,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
            start_new_session=True,
        )
        try:
            http, grpc = ports(process)
            server = Running(psutil.Process(process.pid), ("127.0.0.1", http), ("127.0.0.1", grpc), 0)
            _wait(process, server, model, wire)
            took = time.perf_counter() - started
            verify(server, model, wire)
            yield Running(server.process, server.http, server.grpc, took)
        except (WrongAnswer, OSError, psutil.Error) as problem:
            log.seek(0)
            said = " ".join(log.read().split())[-300:]
            raise Absent(f"{problem}; it says: {said}" if said else str(problem)) from problem
        finally:
            _end(process)
            shutil.rmtree(home, ignore_errors=True)


def _wait(process: subprocess.Popen, server: Running, model: Served, wire: Wire) -> None:
    """Ask until it answers."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            answers([wire.connection(server.address(wire), model, model.inputs[0])])
        except (WrongAnswer, OSError) as problem:
            if process.poll() is not None:
                raise WrongAnswer(f"it ended with status {process.returncode}") from problem
            if time.monotonic() > end:
                raise WrongAnswer(f"not ready within {PATIENCE} s: {problem}") from problem
            time.sleep(POLL)
        else:
            return


def verify(server: Running, model: Served, wire: Wire) -> None:
    """Ask for all samples at once, and compare each answer: requests that run as one must not be mixed up."""
    connections = [wire.connection(server.address(wire), model, each) for each in model.inputs]
    answers(connections)
    for connection, expected in zip(connections, model.outputs, strict=True):
        check(wire, connection, expected)


def _end(process: subprocess.Popen) -> None:
    """End it; its children have a while to follow."""
    members: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        members = tree(psutil.Process(process.pid))
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    _, left = psutil.wait_procs(members, LAST_GRACE)
    for one in left:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()
