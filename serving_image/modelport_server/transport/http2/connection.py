# ruff: noqa: D102  what the transport calls is described where it is
"""gRPC over HTTP/2 of one client: reads requests as they come, side by side, and writes each answer when it is there.

What a client can do to harm others is bounded, as over HTTP/1.1: the size of headers and messages, the streams that it
has open, what is held for it, the time that a request takes to come and an answer to be taken, and frames that ask for
work and bring nothing. What it has reset, or asked for before it went, is not run any more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from modelport_server.app import too_large
from modelport_server.errors import Fault, Rejected
from modelport_server.exchange import Response
from modelport_server.transport import grpc
from modelport_server.transport.connections import Connections
from modelport_server.transport.http2 import frames
from modelport_server.transport.http2.budget import Budget
from modelport_server.transport.http2.errors import Code, ConnectionBroken, StreamBroken
from modelport_server.transport.http2.fields import MOST_BLOCK, MOST_HEAD, Blocks, Fields
from modelport_server.transport.http2.frames import ACK, END_HEADERS, END_STREAM, PREFACE, WITH_PRIORITY
from modelport_server.transport.http2.receiving import Inbox
from modelport_server.transport.http2.sending import Outbox
from modelport_server.transport.http2.stream import Stream

MOST_STREAMS = 256
MOST_REMEMBERED = 256  # streams that have ended, to tell what is late from what is wrong
LEAST_DATA = 64  # bytes of a frame of data that is not the last
LINGER_SECONDS = 2  # for a client to read to the end
OUR_SETTINGS = frames.settings({frames.MOST_STREAMS: MOST_STREAMS, frames.HEADER_LIST_SIZE: MOST_HEAD})
LEAVING = b"leaving\0"  # of a ping: whoever answers it has read that it should go
TO_OLDER = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
    b"This port speaks gRPC: HTTP/2 without TLS, from the first byte. HTTP/1.1 has another port.\n"
)


class Http2Connections(Connections):
    """Those that speak gRPC over HTTP/2."""

    def connect(self) -> Http2Connection:
        """See Connections."""
        return Http2Connection(self)


class Http2Connection(asyncio.Protocol):
    """One client.

    Attributes:
        app: what answers it.
    """

    def __init__(self, connections: Connections):
        self._all, self.app = connections, connections.app
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._preface = b""
        self._frames, self._blocks, self._budget = frames.Frames(), Blocks(), Budget()
        self._expected: int | None = frames.SETTINGS  # the only kind of frame that may come now
        self._block: tuple[int, int, bytearray] | None = None  # stream, flags and beginning of unfinished headers
        self._streams: dict[int, Stream] = {}
        self._newest = 0  # of the streams that the client has opened
        self._ended: deque[int] = deque(maxlen=MOST_REMEMBERED)
        self._reset: deque[int] = deque(maxlen=MOST_REMEMBERED)  # by us: what still comes of them was on its way
        self._reads, self._is_greeted, self._is_leaving, self._may_end = True, False, False, False
        self._blocked_until = 0.0
        self._deadline = self._loop.time() + connections.patience.request  # while no stream is open

    # what the transport calls

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._outbox = Outbox(transport, self._budget, self._all.patience.answer, self._sent)
        self._all.open.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._all.open.discard(self)
        self._reads = False
        self._abandon_all()

    def data_received(self, data: bytes) -> None:
        if not self._reads:
            return
        try:
            if not self._is_greeted:
                data = self._greet(data)
            for kind, flags, number, payload in self._frames.read(data):
                self._take(kind, flags, number, payload)
                if not self._reads:
                    return
        except ConnectionBroken as problem:
            self._fail(problem)

    def pause_writing(self) -> None:
        self._outbox.is_blocked = True
        self._blocked_until = self._loop.time() + self._all.patience.answer
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._outbox.is_blocked = False
        self._transport.resume_reading()
        self._outbox.flush()

    # what the host calls

    def look(self, now: float) -> None:
        """Give up what has taken longer than it may."""
        if self._outbox.is_blocked and self._blocked_until < now:
            self._transport.abort()
        elif self._streams:
            for stream in [each for each in self._streams.values() if each.deadline < now]:
                self._expire(stream)
        elif self._deadline < now:
            self._expire_idle()

    def announce_end(self) -> None:
        """Ask the client to open no more streams; those that it has opened meanwhile are answered, too."""
        if self._is_greeted and self._reads and not self._is_leaving:
            self._is_leaving = True
            farewell = frames.goaway(frames.LAST_STREAM, Code.NO_ERROR, "leave, please")
            self._transport.write(farewell + frames.frame(frames.PING, 0, 0, LEAVING))

    def close_when_idle(self) -> None:
        """Close now, unless there is something to answer."""
        if not self._is_greeted:
            self._transport.close()
        elif not self._streams:
            self._end(Code.NO_ERROR)

    # what a stream calls

    def answered(self, stream: Stream, answer: Response) -> None:
        """Send the answer, if it is still wanted."""
        if self._streams.get(stream.number) is stream:
            self._outbox.send(stream, *grpc.answer(stream.fields, answer))

    # reading

    def _greet(self, data: bytes) -> bytes:
        """Say who we are when the client has; gives what came after that."""
        data = self._preface + data
        if data.startswith(PREFACE):
            self._is_greeted = True
            self._transport.write(OUR_SETTINGS)
            self._inbox = Inbox(self._transport.write, self.app.max_body)
            if self._all.closing:
                self.announce_end()
            return data[len(PREFACE) :]
        if PREFACE.startswith(data):
            self._preface = data
        else:
            if b" HTTP/1." in data:
                self._transport.write(TO_OLDER)
            self._leave()
        return b""

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if self._expected is not None and kind != self._expected:
            raise ConnectionBroken(Code.PROTOCOL_ERROR, "a frame where another kind was to come")
        try:
            if kind < len(self._TAKERS):
                self._TAKERS[kind](self, flags, number, payload)
            else:  # of an extension that we do not know
                self._budget.spend()
        except StreamBroken as problem:
            self._budget.spend()
            self._break(number, problem.code)

    def _on_data(self, flags: int, number: int, payload: bytes) -> None:
        size = len(payload)
        self._inbox.count(size)
        if size < LEAST_DATA and not flags & END_STREAM:
            self._budget.spend()
        stream = self._streams.get(number)
        if stream is None or stream.has_ended:
            self._on_late_data(number)
            return
        stream.take(frames.unpadded(flags, payload), size)
        if flags & END_STREAM:
            self._end_request(stream)
        elif len(stream.body) > self.app.max_body + grpc.PREFIX.size:
            self._answer(stream, too_large(self.app.max_body))
        elif not stream.is_taken:
            self._inbox.ask(stream)

    def _on_late_data(self, number: int) -> None:
        if number not in self._reset:
            self._require_opened(number)
            raise StreamBroken(Code.STREAM_CLOSED, "data after the end")

    def _on_headers(self, flags: int, number: int, payload: bytes) -> None:
        if not number % 2:
            raise ConnectionBroken(Code.PROTOCOL_ERROR, f"no client opens stream {number}")
        payload = frames.unpadded(flags, payload)
        if flags & WITH_PRIORITY:
            payload = frames.after_priority(number, payload)
        if flags & END_HEADERS:
            self._on_block(number, flags, payload)
        else:
            self._block, self._expected = (number, flags, bytearray(payload)), frames.CONTINUATION

    def _on_continuation(self, flags: int, number: int, payload: bytes) -> None:
        if self._block is None or self._block[0] != number:
            raise ConnectionBroken(Code.PROTOCOL_ERROR, "a continuation of nothing")
        self._budget.spend()
        _, first_flags, block = self._block
        block += payload
        if len(block) > MOST_BLOCK:
            raise ConnectionBroken(Code.ENHANCE_YOUR_CALM, f"more than {MOST_BLOCK} bytes of headers")
        if flags & END_HEADERS:
            self._block = self._expected = None
            self._on_block(number, first_flags, bytes(block))

    def _on_block(self, number: int, flags: int, block: bytes) -> None:
        fields = self._blocks.read(block)  # whatever becomes of it, as the next one builds on it
        if number <= self._newest:
            self._on_trailers(number, flags, fields)
            return
        self._newest = number
        if len(self._streams) >= MOST_STREAMS:
            raise StreamBroken(Code.REFUSED_STREAM, f"more than {MOST_STREAMS} streams")
        if problem := fields.problem_of_request():
            raise StreamBroken(Code.PROTOCOL_ERROR, problem)
        deadline = self._loop.time() + self._all.patience.request
        stream = self._streams[number] = Stream(self, number, fields, self._outbox.first_window, deadline)
        if flags & END_STREAM:
            self._end_request(stream)
        elif fields.size > MOST_HEAD:
            self._answer(stream)

    def _on_trailers(self, number: int, flags: int, fields: Fields) -> None:
        stream = self._streams.get(number)
        if stream is None:
            if number in self._reset:
                return
            code = Code.STREAM_CLOSED if number in self._ended else Code.PROTOCOL_ERROR
            raise ConnectionBroken(code, f"stream {number} after stream {self._newest}")
        if stream.has_ended:
            raise StreamBroken(Code.STREAM_CLOSED, "headers after the end")
        if not flags & END_STREAM or fields.pseudo or fields.problem:
            raise StreamBroken(Code.PROTOCOL_ERROR, "headers within a body")
        self._end_request(stream)

    def _on_priority(self, flags: int, number: int, payload: bytes) -> None:
        self._budget.spend()
        if not number or frames.after_priority(number, payload):
            raise ConnectionBroken(Code.PROTOCOL_ERROR, "no such priority")

    def _on_reset(self, flags: int, number: int, payload: bytes) -> None:
        frames.number_in(payload)
        self._require_opened(number)
        self._budget.spend()
        if stream := self._streams.get(number):
            self._ended.append(number)
            self._forget(stream)

    def _on_settings(self, flags: int, number: int, payload: bytes) -> None:
        if number:
            raise ConnectionBroken(Code.PROTOCOL_ERROR, "settings of a stream")
        if len(payload) % frames.SETTING.size or (flags & ACK and payload):
            raise ConnectionBroken(Code.FRAME_SIZE_ERROR, "settings of no such size")
        self._budget.spend(1 + len(payload) // frames.SETTING.size)
        if not flags & ACK:
            self._expected = None
            for name, value in frames.SETTING.iter_unpack(payload):
                self._set(name, value)
            self._transport.write(frames.frame(frames.SETTINGS, ACK, 0, b""))
            self._outbox.flush()

    def _set(self, name: int, value: int) -> None:
        if name == frames.INITIAL_WINDOW:
            self._outbox.set_first_window(value, self._streams.values())
        elif name == frames.FRAME_SIZE and frames.LEAST_FRAME <= value <= frames.MOST_FRAME:
            self._outbox.frame_size = value
        elif name == frames.FRAME_SIZE or (name == frames.ENABLE_PUSH and value > 1):
            raise ConnectionBroken(Code.PROTOCOL_ERROR, f"setting {name} cannot be {value}")

    def _on_push(self, flags: int, number: int, payload: bytes) -> None:
        raise ConnectionBroken(Code.PROTOCOL_ERROR, "a client promises nothing")

    def _on_ping(self, flags: int, number: int, payload: bytes) -> None:
        if number:
            raise ConnectionBroken(Code.PROTOCOL_ERROR, "a ping of a stream")
        if len(payload) != len(LEAVING):
            raise ConnectionBroken(Code.FRAME_SIZE_ERROR, "a ping of no such size")
        self._budget.spend()
        if not flags & ACK:
            self._transport.write(frames.frame(frames.PING, ACK, 0, payload))
        elif self._is_leaving and payload == LEAVING:
            self._may_end = True
            self._note_idle()

    def _on_goaway(self, flags: int, number: int, payload: bytes) -> None:
        if number:
            raise ConnectionBroken(Code.PROTOCOL_ERROR, "a farewell of a stream")
        self._budget.spend()  # the client closes when it has its answers

    def _on_window_update(self, flags: int, number: int, payload: bytes) -> None:
        more = frames.number_in(payload) & frames.MOST_WINDOW
        self._budget.spend()
        if not number:
            if not more:
                raise ConnectionBroken(Code.PROTOCOL_ERROR, "a window grows by nothing")
            self._outbox.widen(None, more)
            return
        self._require_opened(number)
        if not more:
            raise StreamBroken(Code.PROTOCOL_ERROR, "a window grows by nothing")
        if stream := self._streams.get(number):
            self._outbox.widen(stream, more)

    _TAKERS = (
        _on_data, _on_headers, _on_priority, _on_reset, _on_settings, _on_push, _on_ping, _on_goaway,
        _on_window_update, _on_continuation,
    )  # fmt: skip

    def _require_opened(self, number: int) -> None:
        if number > self._newest or not number % 2:
            raise ConnectionBroken(Code.PROTOCOL_ERROR, f"stream {number} is not open")

    # answering

    def _end_request(self, stream: Stream) -> None:
        stream.end()
        if not stream.is_taken:
            self._answer(stream)

    def _answer(self, stream: Stream, problem: Rejected | None = None) -> None:
        if stream.fields.size > MOST_HEAD:
            problem = Rejected(Fault.HEAD_TOO_LARGE, f"the request's headers have more than {MOST_HEAD} bytes")
        self._inbox.forget(stream)
        stream.answer(grpc.request(stream.fields, stream.body, stream.until, problem))

    def _sent(self, stream: Stream) -> None:
        """It has its answer."""
        if stream.has_ended:
            self._ended.append(stream.number)
            self._forget(stream)
        else:  # and has more to say than is wanted
            self._break(stream.number, Code.NO_ERROR)

    def _break(self, number: int, code: Code) -> None:
        self._transport.write(frames.reset(number, code))
        self._reset.append(number)
        if stream := self._streams.get(number):
            self._forget(stream)

    def _forget(self, stream: Stream) -> None:
        """It has ended, one way or the other."""
        del self._streams[stream.number]
        self._inbox.forget(stream)
        self._outbox.forget(stream)
        stream.abandon()
        self._note_idle()

    def _expire(self, stream: Stream) -> None:
        if stream.is_taken:
            self._break(stream.number, Code.CANCEL)  # nobody takes the answer
        else:
            self._answer(stream, Rejected(Fault.TIMEOUT, "the request did not come whole in time"))

    def _abandon_all(self) -> None:
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.abandon()

    # leaving

    def _note_idle(self) -> None:
        if not self._streams:
            self._deadline = self._loop.time() + self._all.patience.idle
            if self._may_end:
                self._end(Code.NO_ERROR)

    def _expire_idle(self) -> None:
        if self._is_leaving or not (self._is_greeted and self._reads):
            self._transport.abort()
        else:
            self.announce_end()
            self._deadline = self._loop.time() + self._all.patience.answer

    def _fail(self, problem: ConnectionBroken) -> None:
        """The client and we do not understand each other."""
        self._abandon_all()
        self._end(problem.code, str(problem))

    def _end(self, code: Code, text: str = "") -> None:
        """Say that nothing more is answered, and why."""
        if self._reads:
            self._transport.write(frames.goaway(self._newest, code, text))
            self._leave()

    def _leave(self) -> None:
        """Close when the client has read all: at once would reset the connection, and what is on its way with it."""
        self._reads = False
        self._transport.write_eof()
        self._deadline = self._loop.time() + LINGER_SECONDS
