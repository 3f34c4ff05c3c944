"""The serving image, run as a container under every restriction that a platform may set."""

from __future__ import annotations

import json
import subprocess
import time

import httpx
from container_engine import Engine

SECONDS = 60


class Container:
    """A container of `image`, started with `words`.

    Args:
        engine: what is seen to run containers here.
        image: its name.
        words: the command, in place of the image's.
        user: as the engine takes it; None is the image's own.
        env: variables.
        mounts: folders of this machine, by where the container sees them.
        read_only: whether its root file system is.
        ports: those to be reached from here.
    """

    def __init__(
        self, engine: Engine, image: str, *words: str, user=None, env=(), mounts=(), read_only=True, ports=(8080,)
    ):
        self._engine = engine
        options = ["--detach", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--interactive"]
        options += ["--user", user] if user else []
        options += [word for port in ports for word in ("--publish", f"127.0.0.1::{port}")]
        options += [word for name, value in dict(env).items() for word in ("--env", f"{name}={value}")]
        options += [word for there, here in dict(mounts).items() for word in ("--volume", f"{here}:{there}:ro")]
        if read_only:
            options += ["--read-only", *(["--read-only-tmpfs=false"] if engine.name == "podman" else [])]
        self.id = self._do(*engine.run_command(image, *words, options=tuple(options))[1:]).split()[-1]

    def url(self, port: int = 8080) -> str:
        return f"http://{self.address(port)}"

    def address(self, port: int) -> str:
        return self._do("port", self.id, f"{port}/tcp").split()[0]

    def client(self, port: int = 8080) -> httpx.Client:
        return httpx.Client(base_url=self.url(port), timeout=SECONDS)

    def ready(self) -> dict:
        """The line that says so."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self._state() == "running":
            lines = [line for line in self.logs().splitlines() if line.startswith("{")]
            if lines:
                return json.loads(lines[0])
            time.sleep(0.05)
        raise AssertionError(f"the container is {self._state()}:\n{self.logs()}")

    def logs(self) -> str:
        done = subprocess.run([self._engine.name, "logs", self.id], capture_output=True, text=True, timeout=SECONDS)
        return done.stdout + done.stderr

    def terminate(self) -> None:
        self._do("kill", "--signal", "TERM", self.id)

    def wait(self) -> int:
        return int(self._do("wait", self.id))

    def stop(self) -> int:
        """SIGTERM, and SIGKILL after 25 seconds; the exit status, 137 for the latter."""
        self._do("stop", "--time", "25", self.id)
        return self.wait()

    def running(self) -> bool:
        return self._state() == "running"

    def written(self) -> set[str]:
        """Paths that the container has added to its image's."""
        changes = (line.split(maxsplit=1) for line in self._do("diff", self.id).splitlines())
        return {path for kind, path in changes if kind == "A"}

    def remove(self) -> None:
        self._do("rm", "--force", self.id)

    def _state(self) -> str:
        return self._do("inspect", "--format", "{{.State.Status}}", self.id).strip()

    def _do(self, *words: str) -> str:
        command = [self._engine.name, *words]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout
