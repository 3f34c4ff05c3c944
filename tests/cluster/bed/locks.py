"""Locks between processes, which the kernel lets go of when their holder ends, however it ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock, which one process at a time can."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def share(file: IO[str]) -> None:
    """Hold a share of a file's lock, as others may too."""
    fcntl.flock(file, fcntl.LOCK_SH)


def unshare(file: IO[str]) -> None:
    """Let go of it."""
    fcntl.flock(file, fcntl.LOCK_UN)


def alone(file: IO[str]) -> bool:
    """Whether nobody else holds a share. A share of one's own may be lost: call this before `share` or `unshare`."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
