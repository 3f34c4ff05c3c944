"""Where uploads go on that were interrupted: the sessions that stores have opened for them, on this machine.

The address of a session is all that one needs to write to it: it lies in a file of our own and not in Pulumi's state.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelport.providers.crud import Say


class Unfinished:
    """An upload in progress; `address` is its session's, or nothing."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self._address = os.pread(descriptor, 1 << 16, 0).decode("utf-8", "replace")

    @property
    def address(self) -> str:
        """Where it goes on."""
        return self._address

    @address.setter
    def address(self, address: str) -> None:
        self._address = address
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, address.encode(), 0)


@contextmanager
def unfinished(what: str, say: Say) -> Iterator[Unfinished]:
    """The upload of something to somewhere, for one at a time. Without an address at the end it is forgotten."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelport" / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / hashlib.sha256(what.encode()).hexdigest()
    descriptor = _lock(file, what, say)
    upload = Unfinished(descriptor)
    try:
        yield upload
    finally:
        if not upload.address:
            file.unlink(missing_ok=True)
        os.close(descriptor)


def _lock(file: Path, what: str, say: Say) -> int:
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another run uploads {what}: waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if file.exists() and os.fstat(descriptor).st_ino == file.stat().st_ino:  # not one that was removed meanwhile
            return descriptor
        os.close(descriptor)
