"""Engines and providers that are killed with SIGKILL at random moments: nothing that was made is ever lost."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.rounds import of

TESTS = Path(__file__).parent.parent
ROUNDS = 10


@pytest.mark.parametrize("seed", of(4, all=20))
def test_whatever_is_killed_nothing_that_was_made_is_lost_and_the_next_run_goes_on(tmp_path, seed):
    command = [sys.executable, "-m", "support.kills", tmp_path, str(ROUNDS), str(seed)]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0, "every kill came too late"
