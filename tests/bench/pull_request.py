"""The figures of `modelport ci preview`: a change of one of fifty services, and of all of them."""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SERVICES = 50
LIMITS = {"one": 6, "all": 60}

sys.path[:0] = [str(TESTS)]
from support.pull_request import CLUSTER, PullRequest  # noqa: E402


def seconds(pull: PullRequest, services: list[str]) -> float:
    """How long a preview takes of a pull request in which these services have another cost centre."""
    for name in services:
        pull.replace(f"services/{name}.yaml", "costCenter: c1", "costCenter: c2")
    began = time.perf_counter()
    summary = pull.preview_apart()
    taken = time.perf_counter() - began
    changed = {each["service"] for stack in summary["stacks"] for each in stack["changed"]}
    assert (pull.code, changed) == (0, set(services)), pull.said
    pull.git("checkout", "--quiet", ".")
    return taken


def rows(services: int) -> Iterator[tuple[str, str, float]]:
    """The target, how many services change, and the seconds."""
    names = [f"service-{number}" for number in range(services)]
    for target, more in (("local", ""), ("kubernetes", CLUSTER)):
        with tempfile.TemporaryDirectory() as folder:
            pull = PullRequest(Path(folder) / "shop", names, target, more)
            pull.write("__main__.py", (pull.folder / "__main__.py").read_text() + "\n")
            pull.preview_apart()  # builds the bundles of the models, once
            pull.git("checkout", "--quiet", ".")
            yield target, "one", seconds(pull, names[:1])
            yield target, "all", seconds(pull, names)


def table(services: int = SERVICES) -> list[str]:
    """The lines of the page."""
    lines = [f"| {services} services on | that change | seconds | at most |", "|---|---|---|---|"]
    for target, which, taken in rows(services):
        lines.append(f"| {target} | {which} | {taken:.1f} | {LIMITS[which]} |")
        print(lines[-1], flush=True)
    return lines


if __name__ == "__main__":
    table()
