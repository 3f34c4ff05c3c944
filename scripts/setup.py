"""Prepare .venv from the locks: `python scripts/setup.py local|dev`. Needs Python 3.11 to 3.13 and PyPI only."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
UV = "uv==0.13.8"
WHAT_COUNTS = ("pyproject.toml", "serving_image/pyproject.toml", "scripts/setup.py")


def main(profile: str) -> int:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        print(
            f"modelport needs Python 3.11 to 3.13; {sys.executable} is {sys.version.split()[0]}.\n"
            "Name another one: make PYTHON=python3.11 ...",
            file=sys.stderr,
        )
        return 1
    lock = ROOT / "requirements" / f"{profile}.txt"
    stamp, wanted = VENV / f".modelport-{profile}", fingerprint(lock)
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return 0
    print(f"preparing .venv ({profile})", flush=True)
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", str(VENV))
    install = [*uv(), "pip", "install", "--quiet", "--python", str(PYTHON)]
    run(*install, "--require-hashes", "-r", str(lock))
    run(*install, "--no-deps", "--no-build-isolation", "-e", str(ROOT / "serving_image"), "-e", str(ROOT))
    stamp.write_text(wanted)
    return 0


def fingerprint(lock: Path) -> str:
    """What the environment was made from: another lock, project file or Python makes it stale."""
    parts = [sys.version.encode(), sysconfig.get_platform().encode(), lock.read_bytes()]
    return hashlib.sha256(b"\0".join(parts + [(ROOT / name).read_bytes() for name in WHAT_COUNTS])).hexdigest()


def uv() -> list[str]:
    """The uv on PATH, or one from PyPI inside .venv."""
    if found := shutil.which("uv"):
        return [found]
    own = PYTHON.with_name("uv")
    if not own.exists():
        run(str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV)
    return [str(own)]


def run(*command: str) -> None:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    if subprocess.run(command, cwd=ROOT, env=environment).returncode:
        print(f"setup failed at: {' '.join(command)}", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else "dev"))
