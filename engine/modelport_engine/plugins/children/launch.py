"""Start a child that dies with the engine: ``python launch.py ENGINE_PID PATH ARG...``.

PATH is a Python file or a folder with a ``__main__.py``, run in this interpreter, or an executable, which replaces it.
Needs only the standard library.
"""

import os
import runpy
import sys
from pathlib import Path

# Many threads wait for an answer of the engine here, each of which then waits for the interpreter: with Python's usual
# 5 ms a program of a thousand resources takes twice as long.
SWITCH_SECONDS = 0.0005


def die_with(engine: int) -> None:
    """Ask the kernel to kill this process when the engine ends; without Linux its clean-up must do."""
    if sys.platform == "linux":
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 = PR_SET_PDEATHSIG
    if os.getppid() != engine:  # it ended before the kernel knew
        sys.exit(1)


def main() -> None:
    """Become the child."""
    engine, path, *arguments = sys.argv[1:]
    die_with(int(engine))
    run(path, *arguments)


def run(path: str, *arguments: str) -> None:
    """Run what PATH names, as the main program of this process."""
    if not Path(path).is_dir() and not path.endswith(".py"):
        os.execv(path, [path, *arguments])  # noqa: S606  the engine found this executable
    sys.setswitchinterval(SWITCH_SECONDS)
    sys.argv = [path, *arguments]
    sys.path[0] = path if Path(path).is_dir() else str(Path(path).parent)
    runpy.run_path(path, run_name="__main__")


if __name__ == "__main__":
    main()
