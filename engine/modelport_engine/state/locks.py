"""Locks of a stack: one file per process that changes it, in one folder."""

import getpass
import json
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from modelport_engine.errors import EngineError
from modelport_engine.state import files
from modelport_engine.state.snapshot import now

UNKNOWN_HOLDER: dict[str, Any] = {"pid": 0, "username": "unknown", "hostname": "unknown", "timestamp": ""}
CLOCK_TOLERANCE = timedelta(seconds=2)


@dataclass(frozen=True)
class Lock:
    """One lock file and who holds it; `since` is None if the file does not say."""

    path: Path
    pid: int
    user: str
    host: str
    since: datetime | None

    def __str__(self) -> str:
        taken = f" at {self.since:%Y-%m-%dT%H:%M:%SZ}, {_age(datetime.now(UTC) - self.since)} ago" if self.since else ""
        return f"{self.path.as_uri()}: created by {self.user}@{self.host} (pid {self.pid}){taken}"

    def is_dead(self) -> bool:
        """Whether its process ran on this host and is gone. A younger process with the same pid is not its process."""
        if self.host != socket.gethostname() or not self.since:
            return False
        try:
            started = datetime.fromtimestamp(psutil.Process(self.pid).create_time(), UTC)
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False
        return started > self.since + CLOCK_TOLERANCE


class LockedError(EngineError):
    """Other processes are changing the stack; `locks` says which."""

    def __init__(self, locks: list[Lock]):
        advice = "Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`."
        lines = [f"the stack is currently locked by {len(locks)} lock(s). {advice}", *map(str, locks)]
        super().__init__("\n  ".join(lines))
        self.locks = locks


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the lock of a stack. Raises LockedError if another process holds one."""
    mine = folder / f"{uuid.uuid4()}.json"
    _refuse_others(folder, mine)
    holder = {"pid": os.getpid(), "username": getpass.getuser(), "hostname": socket.gethostname(), "timestamp": now()}
    try:
        files.write(mine, json.dumps(holder, separators=(",", ":")).encode())
        _refuse_others(folder, mine)  # two processes may have seen an empty folder: then both step back
        yield
    finally:
        files.remove(mine)


def locks(folder: Path) -> list[Lock]:
    """The locks in a folder, oldest name first. Any file there is one, whatever it holds."""
    if not folder.is_dir():
        return []
    return [_read(path) for path in sorted(folder.iterdir()) if _is_lock(path)]


def remove_all(folder: Path) -> list[Lock]:
    """Remove every lock, whoever holds it; returns them."""
    return _remove(locks(folder))


def remove_dead(folder: Path) -> list[Lock]:
    """Remove the locks whose process ran on this host and is gone; returns them."""
    return _remove([lock for lock in locks(folder) if lock.is_dead()])


def _refuse_others(folder: Path, mine: Path) -> None:
    if others := [lock for lock in locks(folder) if lock.path != mine]:
        raise LockedError(others)


def _remove(found: list[Lock]) -> list[Lock]:
    for lock in found:
        files.remove(lock.path)
    return found


def _is_lock(path: Path) -> bool:
    return path.is_file() and path.suffix not in (files.ATTRIBUTES, files.TEMPORARY)


def _read(path: Path) -> Lock:
    try:
        holder = UNKNOWN_HOLDER | json.loads(path.read_text(encoding="utf-8"))
        since = datetime.fromisoformat(holder["timestamp"]) if holder["timestamp"] else None
    except (ValueError, TypeError, OSError):
        holder, since = UNKNOWN_HOLDER, None
    return Lock(path, int(holder["pid"]), holder["username"], holder["hostname"], since)


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
