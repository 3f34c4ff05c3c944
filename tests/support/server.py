"""A real server process."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx


class Server:
    """`modelport-server` with some flags. `ready` is its line on standard output, None when it ended instead."""

    def __init__(self, *flags: object, stdin: int = subprocess.DEVNULL):
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        command = [sys.executable, "-m", "modelport_server", "serve", *map(str, flags)]
        self.process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=self._errors, text=True)
        self._ready: dict | None = None

    @property
    def ready(self) -> dict | None:
        if self._ready is None and (line := self.process.stdout.readline()):
            self._ready = json.loads(line)
        return self._ready

    @property
    def port(self) -> int:
        assert self.ready, self.errors
        return self.ready["http"]

    @property
    def errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=60)

    def wait(self) -> int:
        return self.process.wait(60)

    def stop(self) -> int:
        self.process.terminate()
        return self.wait()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        if self.process.stdin:
            self.process.stdin.close()
        self._errors.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def instance(run_dir: Path) -> dict:
    """What `server.json` says."""
    return json.loads((run_dir / "server.json").read_text())
