"""The policy pack's figures: how long its process takes over stacks of full resources of every cloud."""

import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

TESTS = Path(__file__).resolve().parents[1]
LIMITS = {60: 0.6, 500: 3.0}
"""Resources, and the seconds that the whole pack may take over them."""

sys.path[:0] = [str(TESTS)]
from support.analyzer import Analyzer, served  # noqa: E402
from support.hardened import CLOUDS, HARDENED, hardened  # noqa: E402

from modelport_policies.kubernetes import WORKLOADS  # noqa: E402


def resources(count: int) -> list[tuple[str, dict]]:
    """So many resources, of as many types as there are."""
    cluster = [(type_, hardened(type_)) for type_ in WORKLOADS] + list(HARDENED["others"].items())
    everything = [*cluster, *(each for cloud in CLOUDS for each in cloud.items())]
    return list(itertools.islice(itertools.cycle(everything), count))


def judged(pack: Analyzer, stack: list[tuple[str, dict]]) -> float:
    """Seconds for each resource by itself and then the stack, one after the other, as an engine asks."""
    began = time.perf_counter()
    for number, (type_, inputs) in enumerate(stack):
        pack.analyze(type_, inputs, f"r{number}")
    pack.analyze_stack(*stack)
    return time.perf_counter() - began


def rows(runs: int) -> Iterator[tuple[int, float]]:
    """For each number of resources the median of the seconds."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), MODELPORT_POLICY_PROFILE="regulated") as pack:
        for count in LIMITS:
            stack = resources(count)
            judged(pack, stack)
            yield count, median(judged(pack, stack) for _ in range(runs))


def table(runs: int) -> list[str]:
    """The lines of the page."""
    lines = ["| the whole pack, profile regulated | seconds | at most |", "|---|---|---|"]
    return lines + [f"| {count} resources | {seconds:.2f} | {LIMITS[count]:g} |" for count, seconds in rows(runs)]


if __name__ == "__main__":
    print("\n".join(table(3)))
