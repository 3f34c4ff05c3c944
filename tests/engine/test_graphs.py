"""Random resource graphs with random options, edited, with failures and kills, brought to convergence."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.rounds import of

TESTS = Path(__file__).parent.parent
EPISODES = 3


@pytest.mark.parametrize("seed", of(4, all=10))
def test_whatever_happens_state_and_cloud_agree_and_the_program_gets_what_it_wants(tmp_path, seed):
    command = [sys.executable, "-m", "support.convergence", tmp_path, str(EPISODES), str(seed)]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
