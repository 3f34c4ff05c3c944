"""The embedded engine's figures: a program of many resources, and the program of the engine's tests."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

TESTS = Path(__file__).resolve().parents[1]
FEW, MANY = 100, 1000
MIB = 1024  # in the kibibytes in which the kernel counts
# The whole engine in a process of its own, which says at its end how much memory it has used at most.
ENGINE = """
import resource, sys
from modelport_engine.__main__ import main
code = main(sys.argv[1:])
print("\\n", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds of wall and of processor time of all processes, memory of the engine in MiB.

    `ratio` is that of the wall time to a bare `import pulumi` just before and after.
    """

    seconds: float
    ratio: float
    processor: float
    memory: float


class Stack:
    """The stack `dev` of a project, in a folder of its own with its own state."""

    def __init__(self, folder: Path, projects: Path, name: str, **config: str):
        shutil.copytree(projects, folder / "projects")
        (folder / "state").mkdir()
        self.project = folder / "projects" / name
        values = {f"{name}:{key}": value for key, value in config.items()}
        (self.project / "Pulumi.dev.yaml").write_text(json.dumps({"config": values}))
        self.env = {
            **os.environ,
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "SIM_CLOUD": str(folder / "cloud.json"),
            "SIM_CALLS": str(folder / "calls.jsonl"),
        }

    def run(self, command: str, *options: str) -> Cost:
        unit = seconds_of_an_import()
        words = [sys.executable, "-c", ENGINE, command, "--cwd", self.project, "--stack", "dev", *options]
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(words, env=self.env, capture_output=True, text=True)
        seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(f"{command} failed\n{done.stdout}{done.stderr}")
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        unit = (unit + seconds_of_an_import()) / 2
        return Cost(seconds, seconds / unit, processor, int(done.stderr.split()[-1]) / MIB)

    def up(self) -> Cost:
        return self.run("up", "--yes", "--skip-preview")


def seconds_of_an_import() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import pulumi"], check=True)
    return time.perf_counter() - began


@contextmanager
def stack(projects: Path, name: str, **config: str) -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="engine-bench-"))
    try:
        yield Stack(folder, projects, name, **config)
    finally:
        shutil.rmtree(folder)


def life(count: int, runs: int) -> dict[str, Cost]:
    """From the first preview to the end of a stack of so many resources; medians where nothing changes."""
    with stack(TESTS / "bench" / "projects", "many", count=str(count)) as many:
        return {
            "first `preview`": many.run("preview"),
            "first `up`": many.up(),
            "`preview`, nothing to change": typical([many.run("preview") for _ in range(runs)]),
            "`up`, nothing to change": typical([many.up() for _ in range(runs)]),
            "`refresh`": many.run("refresh", "--yes"),
            "`destroy`": many.run("destroy", "--yes", "--skip-preview"),
        }


def first_up_of_demo(runs: int) -> Cost:
    """The first `up` of the demo program of the engine's tests: a dozen resources of every kind."""
    costs = []
    for _ in range(runs):
        with stack(TESTS / "engine" / "projects", "demo", mode="base", region="here", password="p") as demo:
            costs.append(demo.up())
    return typical(costs)


def typical(costs: list[Cost]) -> Cost:
    return Cost(
        median(each.seconds for each in costs),
        median(each.ratio for each in costs),
        median(each.processor for each in costs),
        max(each.memory for each in costs),
    )


LIMITS = {"`preview`, nothing to change": "8", "`up`, nothing to change": "8"}


def table(runs: int, few: int = FEW, many: int = MANY) -> list[str]:
    """The lines of the page; growth is that of processor time, start-up included, for resources as many times more."""
    small, large = life(few, runs), life(many, runs)
    lines = [
        f"| {many:,} resources | seconds | at most | ratio to a bare `import pulumi` | processor seconds "
        f"| growth from {few:,} | engine memory, MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, cost in large.items():
        growth = cost.processor / small[name].processor
        lines.append(
            f"| {name} | {cost.seconds:.1f} | {LIMITS.get(name, '')} | {cost.ratio:.1f} | {cost.processor:.1f} "
            f"| {growth:.1f} | {cost.memory:.0f} |"
        )
    demo = first_up_of_demo(runs)
    first = f"First `up` of the demo program: {demo.seconds:.2f} s (at most 1.9), {demo.ratio:.1f} times the import."
    return [*lines, "", first]


if __name__ == "__main__":
    print("\n".join(table(1)))
