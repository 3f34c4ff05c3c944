from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from modelport.errors import ModelportError

from .process import Identity

POLL_SECONDS = 0.02
LOG_LINES = 12


@dataclass(frozen=True)
class Serving:
    """The server that answers, as it noted itself when it became ready."""

    identity: Identity
    host: str
    port: int
    digest: str
    version: str
    ready_seconds: float | None
    """From start to ready; None when an earlier run did not note its start."""


class RunDir:
    """The folder of one server: who serves, who is about to, and what they said."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.log = self.path / "server.log"
        self._record = self.path / "server.json"
        self._started = self.path / "started.json"

    @contextmanager
    def locked(self, seconds: float) -> Iterator[None]:
        """Keep others from working on this server; makes the folder.

        Raises:
            ModelportError: another run holds it for longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        while (lock := self._lock()) is None:
            if time.monotonic() > deadline:
                raise ModelportError(f"{self.path}\n  another run works on this server.\n  Wait for it, or end it.")
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            os.close(lock)

    def serving(self) -> Serving | None:
        """The living server that became ready last."""
        try:
            record = json.loads(self._record.read_bytes())
            identity = Identity(record["pid"], record["instance"])
            model = record["models"][0]
            if identity.process() is None:
                return None
            return Serving(
                identity=identity,
                host=record["host"],
                port=record["http"],
                digest=model["digest"],
                version=model["version"],
                ready_seconds=self._ready_seconds(identity),
            )
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            return None  # never became ready, or ended: it removes its record

    def started(self) -> Identity | None:
        """The server that was started last, ready or not, alive or not."""
        try:
            return Identity(**json.loads(self._started.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def note_start(self, identity: Identity) -> None:
        """Remember the server that is about to start, for the next run in case this one is killed."""
        self._started.write_text(json.dumps(asdict(identity)), encoding="utf-8")

    def log_size(self) -> int:
        """Bytes in the log by now."""
        return self.log.stat().st_size if self.log.exists() else 0

    def last_lines(self, since: int) -> list[str]:
        """The end of what was logged after the first `since` bytes."""
        text = self.log.read_bytes()[since:].decode("utf-8", "replace")
        return [line for line in text.splitlines() if line.strip()][-LOG_LINES:]

    def remove(self) -> None:
        """Delete the folder, and the stack's when it was the last."""
        shutil.rmtree(self.path)
        with suppress(OSError):
            self.path.parent.rmdir()

    def _ready_seconds(self, identity: Identity) -> float | None:
        if self.started() != identity:
            return None
        return round(self._record.stat().st_mtime - self._started.stat().st_mtime, 2)

    def _lock(self) -> int | None:
        """A lock on the folder itself, so that none is left behind; None while another holds it."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        with suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_ino == self.path.stat().st_ino:  # not one that was removed meanwhile
                return descriptor
        os.close(descriptor)
        return None
