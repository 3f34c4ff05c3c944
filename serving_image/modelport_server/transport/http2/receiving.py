from __future__ import annotations

from collections.abc import Callable

from modelport_server.transport.http2.errors import Code, ConnectionBroken
from modelport_server.transport.http2.frames import FIRST_WINDOW, MOST_WINDOW, window_update
from modelport_server.transport.http2.stream import Stream

WINDOW = 4 << 20  # bytes that may be on their way on a connection
MOST_GRANTED = 32 << 20  # bytes that large requests may have the server hold, of one connection


class Inbox:
    """Says how much a client may send.

    Each stream may send a first part, so that many small requests come at once. Large ones are let come whole, as many
    as there is room for, one after the other: so each that has begun comes to its end.
    """

    def __init__(self, write: Callable[[bytes], object], most: int):
        """`most` is how many bytes a request may need."""
        self._write, self._most = write, min(most, MOST_WINDOW - FIRST_WINDOW)
        self._allowed = WINDOW
        self._large: set[Stream] = set()
        self._asking: dict[Stream, None] = {}
        write(window_update(0, WINDOW - FIRST_WINDOW))

    def count(self, size: int) -> None:
        """So many bytes came, on whichever stream.

        Raises:
            ConnectionBroken: more than was allowed.
        """
        self._allowed -= size
        if self._allowed < 0:
            raise ConnectionBroken(Code.FLOW_CONTROL_ERROR, "more than the window of the connection")
        if self._allowed <= WINDOW // 2:
            self._write(window_update(0, WINDOW - self._allowed))
            self._allowed = WINDOW

    def ask(self, stream: Stream) -> None:
        """A stream has more to come than its first part, perhaps."""
        if stream.allowed <= FIRST_WINDOW // 2 and stream not in self._large:
            self._asking[stream] = None
            self._grant()

    def forget(self, stream: Stream) -> None:
        """Nothing more is wanted of it."""
        self._asking.pop(stream, None)
        if stream in self._large:
            self._large.remove(stream)
            self._grant()

    def _grant(self) -> None:
        while self._asking and (not self._large or (len(self._large) + 1) * self._most <= MOST_GRANTED):
            stream = next(iter(self._asking))
            del self._asking[stream]
            self._large.add(stream)
            stream.allowed += self._most
            self._write(window_update(stream.number, self._most))
