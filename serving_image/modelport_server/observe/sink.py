"""Where captured records and metrics go on this machine: standard output, or a file that cannot fill the disk."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

from modelport_server.errors import ServerError

FILES = 8
MODE = 0o640  # records may hold what people have typed: not for everybody

_output = threading.Lock()


class Unwritable(ServerError):
    """Records cannot be kept where they should."""

    exit_code = 2


class StandardOutput:
    """Whole lines on standard output, however many threads write."""

    def write(self, lines: bytes) -> None:
        """Write `lines` without another thread's between."""
        with _output:
            _write_all(1, lines)


class RotatingFile:
    """A file that is renamed to PATH.1, PATH.2 and so on as it grows; the oldest goes.

    Processes that serve side by side for a while may write one path: each line is written in one piece at the end.

    Args:
        path: of the newest file.
        most: bytes of all `FILES` together.
    """

    def __init__(self, path: Path, most: int):
        self._path, self._most = path, most // FILES
        self._is_torn = False  # a full disk may have cut the last line
        try:
            self._file = self._open()
        except OSError as error:
            remedy = "Name a file in a folder that this user may write: --capture PATH."
            raise Unwritable(f"{path}\n  cannot be written: {error.strerror}.\n  {remedy}") from error

    def write(self, lines: bytes) -> None:
        """Append `lines`."""
        if not self._is_current():  # renamed or removed: by another process, or a tool that rotates logs
            self._reopen()
        if os.fstat(self._file).st_size + len(lines) > self._most:
            self._rotate()
        before, self._is_torn = self._is_torn, True
        _write_all(self._file, b"\n" + lines if before else lines)
        self._is_torn = False

    def _rotate(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        if self._is_current() and os.fstat(self._file).st_size:
            for number in range(FILES - 1, 0, -1):
                with suppress(FileNotFoundError):
                    self._numbered(number - 1).replace(self._numbered(number))
        self._reopen()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._file))
        except FileNotFoundError:
            return False

    def _reopen(self) -> None:
        new = self._open()
        os.close(self._file)
        self._file = new

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, MODE)


def _write_all(file: int, lines: bytes) -> None:
    rest = memoryview(lines)
    while rest:
        rest = rest[os.write(file, rest) :]
