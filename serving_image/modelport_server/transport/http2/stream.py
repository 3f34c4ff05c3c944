from __future__ import annotations

import math
from typing import TYPE_CHECKING

from modelport_server.exchange import Request, Response
from modelport_server.transport import grpc
from modelport_server.transport.errand import Errand
from modelport_server.transport.http2.errors import Code, StreamBroken
from modelport_server.transport.http2.fields import Fields
from modelport_server.transport.http2.frames import FIRST_WINDOW

if TYPE_CHECKING:
    from modelport_server.transport.http2.connection import Http2Connection


class Stream(Errand):
    """One request, and its answer.

    Attributes:
        number: by which the frames name it.
        fields: its headers.
        deadline: the loop's time at which its patience ends.
        until: the time by `time.monotonic` at which the client gives up, if it has said so.
        body: what has come of it.
        has_ended: nothing more comes.
        is_taken: nothing more is wanted: it has come whole, or is answered before.
        allowed: bytes that the client may still send.
        window: bytes that may be sent to the client.
        unsent: the part of its answer that has found no place in a window.
        closing: the headers after that.
    """

    __slots__ = (
        "_connection", "allowed", "body", "closing", "deadline", "fields", "has_ended", "is_taken", "number", "unsent",
        "until", "window",
    )  # fmt: skip

    def __init__(self, connection: Http2Connection, number: int, fields: Fields, window: int, deadline: float):
        super().__init__()
        self._connection = connection
        self.number, self.fields, self.window, self.deadline = number, fields, window, deadline
        self.until = grpc.deadline(fields)
        self.body: bytes | bytearray = b""
        self.has_ended = self.is_taken = False
        self.allowed = FIRST_WINDOW
        self.unsent, self.closing = memoryview(b""), b""

    def take(self, payload: bytes, size: int) -> None:
        """More of the body came, in `size` bytes with its padding.

        Raises:
            StreamBroken: more than was allowed.
        """
        self.allowed -= size
        if self.allowed < 0:
            raise StreamBroken(Code.FLOW_CONTROL_ERROR, "more than the window of the stream")
        if self.is_taken:
            return
        if not self.body:
            self.body = payload
        else:
            if type(self.body) is bytes:
                self.body = bytearray(self.body)
            self.body += payload

    def end(self) -> None:
        """The client has sent all.

        Raises:
            StreamBroken: which is not as much as it said.
        """
        self.has_ended = True
        if self.fields.length not in (None, len(self.body)) and not self.is_taken:
            raise StreamBroken(Code.PROTOCOL_ERROR, "the body has not its content-length")

    def answer(self, request: Request) -> None:
        """Have the request answered, whole as it is."""
        self.is_taken, self.deadline, self.body = True, math.inf, b""
        self._begin(self._connection.app.answer(request))

    def abandon(self) -> None:
        """Nobody wants the answer."""
        self.is_taken = True
        self._abandon()

    def _finished(self, answer: Response) -> None:
        self._connection.answered(self, answer)
