"""A thread that writes records, so that nobody who makes one waits for a disk or a pipe."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Protocol

MOST_RECORDS = 1000
MOST_BYTES = 16 << 20
CHUNK = 1 << 20  # bytes that go to the sink at once, unless one record has more

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where records go."""

    def write(self, lines: bytes) -> None:
        """Write whole lines; raises OSError where that cannot be."""


class Record(NamedTuple):
    """A record to be: what kind it is, about how many bytes it holds, and what makes its line."""

    kind: str
    size: int
    line: Callable[[], bytes]


class Writer:
    """Keeps a bounded number of records and bytes, and drops what comes beyond.

    Attributes:
        written: records by kind.
        dropped: records by reason: `queue` (it was full), `write` (the sink failed), `record` (it could not be made).
    """

    def __init__(self, sink: Sink):
        self._sink = sink
        self.written: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter({"queue": 0, "write": 0, "record": 0})
        self._waiting: list[Record] = []
        self._bytes = 0
        self._failing = self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def put(self, record: Record) -> bool:
        """Take a record to write; whether there is room for it."""
        with self._changed:
            if self._closed or len(self._waiting) >= MOST_RECORDS or self._bytes + record.size > MOST_BYTES:
                self.dropped["queue"] += 1
                return False
            self._waiting.append(record)
            self._bytes += record.size
            self._changed.notify()
        return True

    def close(self, limit: float) -> None:
        """Write what is waiting, for at most `limit` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(limit)
        if self._thread.is_alive():
            log.warning("capture: records were still waiting after %g s and are lost", limit)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                records, self._waiting, self._bytes = self._waiting, [], 0
            if not records:
                return
            self._write(records)

    def _write(self, records: list[Record]) -> None:
        lines, kinds, size = list[bytes](), list[str](), 0
        for record in records:
            line = self._line(record)
            if lines and size + len(line) > CHUNK:
                self._send(lines, kinds)
                lines, kinds, size = [], [], 0
            lines += [line] if line else []
            kinds += [record.kind] if line else []
            size += len(line)
        if lines:
            self._send(lines, kinds)

    def _send(self, lines: list[bytes], kinds: list[str]) -> None:
        try:
            self._sink.write(b"".join(lines))
        except OSError as error:
            self.dropped["write"] += len(lines)
            if not self._failing:  # once, not for each record of a full disk
                log.error("capture: cannot write: %s", error.strerror or error)
            self._failing = True
            return
        self._failing = False
        self.written.update(kinds)

    def _line(self, record: Record) -> bytes:
        try:
            return record.line()
        except Exception as error:
            self.dropped["record"] += 1
            log.error("capture: a record could not be made: %s", type(error).__name__)
            return b""
