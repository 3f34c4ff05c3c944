"""The processes of a cluster, found again by whoever comes to its folder."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import BedError

LONGEST = 120  # seconds that something may take to become ready
PATIENCE = 20  # seconds that a process has between SIGTERM and SIGKILL
PAUSE = 0.05
_started: list[subprocess.Popen[bytes]] = []  # they may outlive this process, which Popen would take for a mistake


class Processes:
    """The processes of a folder: `run/NAME.pid` and `log/NAME.log` for each."""

    def __init__(self, folder: Path):
        self._folder = folder

    def start(self, name: str, command: Sequence[str | Path]) -> int:
        """Start a process that Ctrl-C does not reach, and that outlives this one; gives its id."""
        for part in ("run", "log"):
            (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._pid_file(name).write_text(f"{process.pid} {_start_time(process.pid)}")
        _started.append(process)
        return process.pid

    def running(self) -> dict[str, int]:
        """The ids of those that run, in the order of their start."""
        found = {}
        for file in sorted(self._folder.glob("run/*.pid"), key=lambda path: path.stat().st_mtime_ns):
            pid, _, started = file.read_text().partition(" ")
            if pid and _start_time(int(pid)) == started:  # else the id may be somebody else's by now
                found[file.stem] = int(pid)
        return found

    def wait(self, what: str, ready: Callable[[], object]) -> None:
        """Ask until the answer is true; an OSError is none yet.

        Raises:
            BedError: one of the processes ended, with the end of its log; or time is up.
        """
        deadline = time.monotonic() + LONGEST
        while True:
            with contextlib.suppress(OSError):
                if ready():
                    return
            self._check()
            if time.monotonic() > deadline:
                raise BedError(f"{what}: not ready in {LONGEST} s.\n  See {self._folder / 'log'}.")
            time.sleep(PAUSE)

    def stop(self) -> None:
        """Stop all, the last first, and wait until they are gone."""
        for pid in reversed(self.running().values()):
            started = _start_time(pid)
            for request in (signal.SIGTERM, signal.SIGKILL):
                if started is None or _start_time(pid) != started:
                    break
                deadline = time.monotonic() + PATIENCE
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, request)
                while _start_time(pid) == started and time.monotonic() < deadline:
                    time.sleep(PAUSE)
        for file in self._folder.glob("run/*.pid"):
            file.unlink()

    def _check(self) -> None:
        running = self.running()
        for file in self._folder.glob("run/*.pid"):
            if file.stem not in running:
                log = self._log(file.stem)
                end = "\n  ".join(log.read_text(errors="replace").splitlines()[-15:])
                raise BedError(f"{file.stem} ended; the last lines of {log}:\n  {end}")

    def _pid_file(self, name: str) -> Path:
        return self._folder / "run" / f"{name}.pid"

    def _log(self, name: str) -> Path:
        return self._folder / "log" / f"{name}.log"


def _start_time(pid: int) -> str | None:
    """When a process started, in clock ticks since the machine did; None once it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return None if state in "ZX" else fields[18]
