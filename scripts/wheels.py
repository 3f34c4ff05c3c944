"""The wheels of a lock, fetched for another Python than this: a build in a container then needs no network."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

GLIBC_MINORS = range(36, 16, -1)  # manylinux_2_36, which Debian 12 has, down to manylinux_2_17


def fetch(lock: Path, python: str, folder: Path) -> None:
    """Bring the wheels that `lock` asks for on Linux.

    Args:
        lock: hash-pinned requirements with markers.
        python: the version of the Python that will install them, such as 3.11.2.
        folder: where they go; a wheel that is there is not fetched again.

    Raises:
        subprocess.CalledProcessError: pip failed, and has said why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "wanted.txt"
    wanted.write_text("\n".join(applicable(lock.read_text(), python)) + "\n")
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--python-version", python, "--dest", str(folder)]
    for name in [*platforms, f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"]:
        command += ["--platform", name]
    subprocess.run([*command, "--requirement", str(wanted)], check=True, stdout=sys.stderr)


def applicable(lock: str, python: str) -> list[str]:
    """The entries of a lock, with their hashes and without markers, that hold for a Python on Linux."""
    environment = {
        **default_environment(),
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
    }
    entries = []
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        stated, _, hashes = entry.partition("\\\n")
        need = Requirement(stated)
        if need.marker is None or need.marker.evaluate(environment):
            entries.append(f"{stated.partition(';')[0].strip()} \\\n{hashes}")
    return entries
