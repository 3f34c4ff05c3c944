from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from modelport_server.transport.http2 import frames
from modelport_server.transport.http2.budget import Budget
from modelport_server.transport.http2.errors import Code, ConnectionBroken, StreamBroken
from modelport_server.transport.http2.frames import DATA, END_HEADERS, END_STREAM, HEADERS
from modelport_server.transport.http2.stream import Stream

LEAST_PART = 1024  # bytes of an answer that earn something: windows that open byte by byte do not


class Outbox:
    """Sends answers as far as the client's windows let them, and the rest when they open.

    Attributes:
        is_blocked: whether the transport takes nothing, as the client reads nothing.
        first_window: bytes that may be sent on a new stream.
        frame_size: bytes that the client takes in a frame.
    """

    def __init__(self, transport: asyncio.Transport, budget: Budget, patience: float, sent: Callable[[Stream], None]):
        """`patience` is for how many seconds an answer may wait for its place; `sent` is told when it has gone."""
        self._transport, self._budget, self._patience, self._sent = transport, budget, patience, sent
        self._window = frames.FIRST_WINDOW
        self._waiting: dict[Stream, None] = {}
        self.is_blocked = False
        self.first_window, self.frame_size = frames.FIRST_WINDOW, frames.LEAST_FRAME

    def send(self, stream: Stream, opening: bytes, message: bytes, closing: bytes) -> None:
        """Send an answer: headers, the message, and headers again; or but the first, where there is no message."""
        number, size = stream.number, len(message)
        if not size:
            self._transport.write(frames.frame(HEADERS, END_HEADERS | END_STREAM, number, opening))
            self._finish(stream)
        elif size <= self._window and size <= stream.window and size <= self.frame_size and not self.is_blocked:
            self._window -= size
            parts = (
                frames.head(HEADERS, END_HEADERS, number, len(opening)), opening,
                frames.head(DATA, 0, number, size), message,
                frames.head(HEADERS, END_HEADERS | END_STREAM, number, len(closing)), closing,
            )  # fmt: skip
            self._transport.write(b"".join(parts))
            self._finish(stream)
        else:
            self._transport.write(frames.frame(HEADERS, END_HEADERS, number, opening))
            stream.unsent, stream.closing = memoryview(message), closing
            stream.deadline = asyncio.get_running_loop().time() + self._patience
            self._waiting[stream] = None
            self.flush()

    def flush(self) -> None:
        """Send what the windows let pass by now: a frame of each stream in turn."""
        turns = deque(self._waiting)
        while turns and self._window > 0 and not self.is_blocked:
            stream = turns.popleft()
            if self._send_part(stream):
                turns.append(stream)

    def forget(self, stream: Stream) -> None:
        """Send no more of it."""
        self._waiting.pop(stream, None)

    def widen(self, stream: Stream | None, more: int) -> None:
        """The client takes so many bytes more, of a stream or of all.

        Raises:
            ConnectionBroken, StreamBroken: more than there can be.
        """
        if stream is None:
            self._window += more
            if self._window > frames.MOST_WINDOW:
                raise ConnectionBroken(Code.FLOW_CONTROL_ERROR, "a window of more than 2^31-1")
        else:
            stream.window += more
            if stream.window > frames.MOST_WINDOW:
                raise StreamBroken(Code.FLOW_CONTROL_ERROR, "a window of more than 2^31-1")
        self.flush()

    def set_first_window(self, size: int, streams: Iterable[Stream]) -> None:
        """The client takes so many bytes of each stream, also of those that there are.

        Raises:
            ConnectionBroken: more than there can be.
        """
        more, self.first_window = size - self.first_window, size
        for stream in streams:
            stream.window += more
            size = max(size, stream.window)
        if size > frames.MOST_WINDOW:
            raise ConnectionBroken(Code.FLOW_CONTROL_ERROR, "a window of more than 2^31-1")

    def _send_part(self, stream: Stream) -> bool:
        """Send a frame of it; whether more may follow."""
        size = min(len(stream.unsent), self._window, stream.window, self.frame_size)
        if size <= 0:
            return False
        self._window -= size
        stream.window -= size
        self._transport.write(frames.head(DATA, 0, stream.number, size))
        self._transport.write(stream.unsent[:size])
        stream.unsent = stream.unsent[size:]
        if size >= LEAST_PART:
            self._budget.earn()
        if stream.unsent:
            return True
        self._transport.write(frames.frame(HEADERS, END_HEADERS | END_STREAM, stream.number, stream.closing))
        del self._waiting[stream]
        self._finish(stream)
        return False

    def _finish(self, stream: Stream) -> None:
        self._budget.earn()
        self._sent(stream)
