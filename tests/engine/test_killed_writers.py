import subprocess
import sys
from pathlib import Path

import support.killed_writers


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_state(tmp_path):
    script = Path(support.killed_writers.__file__)
    done = subprocess.run([sys.executable, script, tmp_path, "60"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0, "no writer lived long enough to write"
