"""A client of gRPC that speaks HTTP/2 frame by frame, right or wrong as it is told."""

import asyncio
import contextlib
import struct
from collections import defaultdict
from typing import NamedTuple

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 1, 1, 4, 8, 32
CALL = {
    ":method": "POST", ":scheme": "http", ":path": "/echo", ":authority": "x", "te": "trailers",
    "content-type": "application/grpc",
}  # fmt: skip
SECONDS = 30


class Frame(NamedTuple):
    kind: int
    flags: int
    stream: int
    payload: bytes


class Answer(NamedTuple):
    headers: dict[str, str]
    message: bytes | None

    @property
    def status(self) -> int:
        return int(self.headers["grpc-status"])


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3) + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*pairs: tuple[int, int], flags: int = 0) -> bytes:
    return frame(SETTINGS, flags, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def number(value: int) -> bytes:
    return struct.pack(">I", value)


def message(content: bytes, *, flag: int = 0) -> bytes:
    return struct.pack(">BI", flag, len(content)) + content


def block(headers: dict[str, str]) -> bytes:
    """A block that uses no table, so that it may come at any time."""
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in headers.items())


def call(stream: int, content: bytes = b"hello", **changes: str | None) -> bytes:
    """A whole call; a header of its own is given by its name, or left out as None."""
    return opening(stream, **changes) + frame(DATA, END_STREAM, stream, message(content))


def opening(stream: int, flags: int = END_HEADERS, **changes: str | None) -> bytes:
    given = CALL | {name.replace("_", "-").replace("pseudo-", ":"): value for name, value in changes.items()}
    return frame(HEADERS, flags, stream, block({name: value for name, value in given.items() if value is not None}))


class Client:
    """One connection.

    Attributes:
        seen: all frames that came.
        allowed: bytes that may be sent on each stream, and on all (0).
        reset: streams that the server has ended.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer
        self.seen: list[Frame] = []
        self._decoder = hpack.Decoder()
        self._answers: dict[int, Answer] = {}
        self.reset: set[int] = set()
        self.allowed: defaultdict[int, int] = defaultdict(lambda: 65_535)

    def greet(self, *pairs: tuple[int, int]) -> None:
        self.send(PREFACE, settings(*pairs))

    def send(self, *frames: bytes) -> None:
        self.writer.write(b"".join(frames))

    async def frame(self) -> Frame:
        """The next frame."""
        head = await asyncio.wait_for(self.reader.readexactly(9), SECONDS)
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        payload = await asyncio.wait_for(self.reader.readexactly(int.from_bytes(head[:3])), SECONDS)
        self.seen.append(Frame(kind, flags, stream, payload))
        self._note(self.seen[-1])
        return self.seen[-1]

    async def until(self, kind: int, stream: int | None = None) -> Frame:
        """The next frame of a kind, of a stream if one is given."""
        while True:
            frame = await self.frame()
            if frame.kind == kind and stream in (None, frame.stream):
                return frame

    async def answer(self, stream: int) -> Answer:
        """The answer to a call, when it is whole."""
        while "grpc-status" not in self._headers(stream):
            await self.frame()
        return self._answers[stream]

    async def upload(self, bodies: dict[int, bytes]) -> None:
        """Send bodies side by side, as far as the windows let them, and until the server wants no more."""
        left = dict(bodies)
        while left := {stream: rest for stream, rest in left.items() if stream not in self.reset}:
            ready = [stream for stream in left if self.allowed[0] and self.allowed[stream]]
            if not ready:
                await self.frame()
            for stream in ready:
                part = left[stream][: min(16_384, self.allowed[0], self.allowed[stream])]
                left[stream] = left[stream][len(part) :]
                for each in (0, stream):
                    self.allowed[each] -= len(part)
                self.send(frame(DATA, 0 if left[stream] else END_STREAM, stream, part))
                if not left[stream]:
                    del left[stream]
            await self.writer.drain()

    async def is_closed(self) -> bool:
        """Whether the server closes the connection, whatever it says before."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self.frame()
        return True

    async def goodbye(self) -> int:
        """The code with which the server ends the connection."""
        assert await self.is_closed()
        return next(int.from_bytes(each.payload[4:8]) for each in reversed(self.seen) if each.kind == GOAWAY)

    def _headers(self, stream: int) -> dict[str, str]:
        return self._answers[stream].headers if stream in self._answers else {}

    def _note(self, frame: Frame) -> None:
        headers, content = self._answers.get(frame.stream, Answer({}, None))
        if frame.kind == HEADERS:
            self._answers[frame.stream] = Answer(headers | dict(self._decoder.decode(frame.payload)), content)
        elif frame.kind == RST_STREAM:
            self.reset.add(frame.stream)
        elif frame.kind == WINDOW_UPDATE:
            self.allowed[frame.stream] += int.from_bytes(frame.payload)
        elif frame.kind == DATA:
            self._answers[frame.stream] = Answer(headers, (content or b"") + frame.payload)


def _text(text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return bytes(hpack.hpack.encode_integer(len(raw), 7)) + raw
