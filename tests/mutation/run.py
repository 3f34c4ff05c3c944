"""Break a copy of the engine in one place after the other: `python tests/mutation/run.py [WORDS]`.

At least one of the tests that a mutation names must fail; without it they all pass. WORDS choose the mutations whose
description contains them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mutations import ENGINE, MUTATIONS, Mutation

TESTS = Path(__file__).parents[1]
WHERE = "import modelport_engine; print(modelport_engine.__path__[0])"
FAILED = 1  # pytest's exit code when tests have run and some have failed
LONGEST = 300


def main(words: str) -> int:
    chosen = [each for each in MUTATIONS if words in each.breaks]
    print(f"{len(chosen)} mutations", flush=True)
    named = sorted({test for each in chosen for test in each.tests})
    if run_tests(named, ENGINE.parent, "-n", "2").returncode:
        print("the tests fail without any mutation", file=sys.stderr)
        return 1
    with ThreadPoolExecutor(2) as pool:
        survivors = [each for each, noticed in zip(chosen, pool.map(is_noticed, chosen), strict=True) if not noticed]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutations noticed", flush=True)
    return 1 if survivors else 0


def is_noticed(mutation: Mutation) -> bool:
    """Whether a test fails on an engine with the mutation."""
    with tempfile.TemporaryDirectory() as folder:
        engine = shutil.copytree(ENGINE, Path(folder, ENGINE.name), ignore=shutil.ignore_patterns("__pycache__"))
        (engine / mutation.file).write_text(mutation.applied(), encoding="utf-8")
        found = subprocess.check_output([sys.executable, "-c", WHERE], env=environment(engine.parent), text=True)
        assert Path(found.strip()) == engine, f"the tests would use {found}"
        done = run_tests(mutation.tests, engine.parent, "-n", "0", "-x")
    noticed = done.returncode == FAILED
    print(f"{'noticed' if noticed else 'SURVIVED'}  {mutation.breaks}", flush=True)
    if done.returncode not in (0, FAILED):
        print(done.stdout, file=sys.stderr)
    return noticed


def run_tests(tests: Sequence[str], path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run tests of the engine with the package that lies in the folder `path`."""
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, *(f"engine/{test}" for test in tests)]
    return subprocess.run(
        words, cwd=TESTS, env=environment(path), stdout=subprocess.PIPE, text=True, timeout=LONGEST * len(tests)
    )


def environment(path: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
