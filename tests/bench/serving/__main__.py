"""The server's figures in docs/benchmarks.md, against raw onnxruntime and installed peers, within a quarter of an hour.

Exit status 1: a floor was missed, or our server answers wrongly.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]
from bench.serving import models, page  # noqa: E402
from bench.serving.contests import CONTESTS, Contest  # noqa: E402
from bench.serving.environments import Absent  # noqa: E402
from bench.serving.results import Results  # noqa: E402
from bench.serving.rounds import Bench, Plan  # noqa: E402

FULL = Plan(rounds=5, peers_every=2, seconds=2, calm_seconds=3)
QUICK = Plan(rounds=3, peers_every=3, seconds=1, calm_seconds=2)
SMOKE = Plan(rounds=1, peers_every=0, seconds=0.1, calm_seconds=0.2)


def main() -> None:
    options = _options()
    plan = SMOKE if options.smoke else QUICK if options.quick else FULL
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2 and plan is not SMOKE:
        raise SystemExit("failed: there is one core, and the server needs one and the client another")
    contests = [each for each in CONTESTS if not options.only or each.name in options.only]
    began = time.monotonic()
    results = _measured(contests, plan, cores)
    if plan is SMOKE:
        return
    lines = page.section(results, (time.monotonic() - began) / 60)
    print("\n".join(lines), flush=True)
    if plan is FULL and not options.only:
        page.record(lines)
    if missed := page.missed(results):
        raise SystemExit("failed, below the floor: " + "; ".join(missed))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="fewer and shorter rounds, nothing written")
    size.add_argument("--smoke", action="store_true", help="only prove that it runs and answers are right: no peers")
    parser.add_argument("--only", action="append", choices=[each.name for each in CONTESTS], help="nothing written")
    return parser.parse_args()


def _measured(contests: list[Contest], plan: Plan, cores: list[int]) -> Results:
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True)

    with tempfile.TemporaryDirectory(prefix="serving-models-") as folder:
        served = {name: models.make(name, Path(folder)) for name in {each.model: None for each in contests}}
        bench = Bench(plan, served, cores, say)
        try:
            bench.install(contests)
            for contest in contests:
                bench.run(contest)
        except Absent as problem:
            raise SystemExit(f"failed: {problem}") from problem
    return bench.results


if __name__ == "__main__":
    main()
