"""Python environments of their own, each from a lock, for what cannot be installed beside the project."""

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # a machine without it makes no two at once
    fcntl = None  # type: ignore[assignment]


class Absent(Exception):
    """An environment that cannot be made here, and why."""


def interpreter(lock: Path, environment: Path, base: str = sys.executable) -> Path:
    """The Python of an environment, which is made of `base` unless it is there and of the present lock.

    Raises:
        Absent: it cannot be made.
    """
    stamp, wanted = environment / "lock", hashlib.sha256(lock.read_bytes()).hexdigest()
    python = environment / "bin" / "python"
    with _alone(environment):
        if not stamp.exists() or stamp.read_text() != wanted:
            uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
            _run(uv, "venv", "--quiet", "--clear", "--python", base, environment)
            _run(uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock)
            stamp.write_text(wanted)
    return python


@contextmanager
def _alone(environment: Path):
    """While nobody else makes it."""
    environment.parent.mkdir(parents=True, exist_ok=True)
    with environment.with_name(f"{environment.name}.lock").open("w") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(*command: object) -> None:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Absent(" ".join((done.stderr or done.stdout).split())[-300:])
