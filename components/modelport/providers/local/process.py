from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

STOP_SECONDS = 30
"""The server drains for 25 s at most."""


@dataclass(frozen=True)
class Identity:
    """A process: its id, and the word in its arguments that no other process has."""

    pid: int
    instance: str

    def process(self) -> psutil.Process | None:
        """The living process, or None: ended, or its id is another's by now."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if self.instance in process.cmdline():
                return process
        return None


def spawn(arguments: Iterable[str], log: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start a server that waits for `go`, in a session of its own and holding nothing of ours but the pipe for `go`."""
    # Pulumi's variables hold secrets of the stack; modelport's would change defaults of the server.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "MODELPORT_"))}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "modelport_server", "serve", "--wait-for-go", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def go(server: subprocess.Popen[bytes]) -> None:
    """Let a spawned server start."""
    assert server.stdin
    with suppress(BrokenPipeError), server.stdin as pipe:  # it ended already: its log says why
        pipe.write(b"go\n")


def of_folder(run_dir: Path) -> list[psutil.Process]:
    """Every server of a run folder: the one that serves, one that starts, those that drain."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "modelport_server" in (arguments := process.info["cmdline"] or []) and str(run_dir) in arguments
    ]


def stop(processes: Iterable[psutil.Process]) -> None:
    """Have the processes drain and end; those that do not are killed."""
    processes = list(processes)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stuck = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    for process in stuck:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stuck, timeout=STOP_SECONDS)
