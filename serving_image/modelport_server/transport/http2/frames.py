"""Frames (RFC 9113, 4 and 6): cut out of what comes, and written."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from modelport_server.transport.http2.errors import Code, ConnectionBroken

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
ENABLE_PUSH, MOST_STREAMS, INITIAL_WINDOW, FRAME_SIZE, HEADER_LIST_SIZE = 2, 3, 4, 5, 6  # names of settings

FIRST_WINDOW = 65_535  # bytes that either side may send, on a stream and on all, until told otherwise
MOST_WINDOW = 2**31 - 1
LAST_STREAM = 2**31 - 1
LEAST_FRAME, MOST_FRAME = 16_384, 2**24 - 1  # what a peer must take, and what it can say that it takes

HEAD = Struct(">HBBBI")  # of a frame: bytes of its payload (in two parts), kind, flags, stream
NUMBER = Struct(">I")
PRIORITY_BYTES = 5
SETTING = Struct(">HI")


class Frames:
    """Those that come on a connection."""

    def __init__(self) -> None:
        self._rest = b""

    def read(self, data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
        """The frames that are whole with `data`, each as kind, flags, stream and payload.

        Raises:
            ConnectionBroken: one is larger than we take.
        """
        data = self._rest + data if self._rest else data
        at, there = 0, len(data)
        while there - at >= HEAD.size:
            high, low, kind, flags, stream = HEAD.unpack_from(data, at)
            size = high << 8 | low
            if size > LEAST_FRAME:
                raise ConnectionBroken(Code.FRAME_SIZE_ERROR, f"a frame of {size} bytes: we take {LEAST_FRAME}")
            start = at + HEAD.size
            if start + size > there:
                break
            at = start + size
            yield kind, flags, stream & LAST_STREAM, data[start:at]
        self._rest = data[at:]


def unpadded(flags: int, payload: bytes) -> bytes:
    """What a frame of data or headers carries, without its padding.

    Raises:
        ConnectionBroken: there is more padding than frame.
    """
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise ConnectionBroken(Code.PROTOCOL_ERROR, "a frame has more padding than it is long")
    return payload[1 : len(payload) - payload[0]]


def after_priority(stream: int, payload: bytes) -> bytes:
    """What comes after the priority of a stream, which RFC 9113 has done away with.

    Raises:
        ConnectionBroken: it is none.
    """
    if len(payload) < PRIORITY_BYTES:
        raise ConnectionBroken(Code.FRAME_SIZE_ERROR, "a priority of no such size")
    if int.from_bytes(payload[: NUMBER.size]) & LAST_STREAM == stream:
        raise ConnectionBroken(Code.PROTOCOL_ERROR, f"stream {stream} depends on itself")
    return payload[PRIORITY_BYTES:]


def number_in(payload: bytes) -> int:
    """The one number that a frame is.

    Raises:
        ConnectionBroken: it is of another size.
    """
    if len(payload) != NUMBER.size:
        raise ConnectionBroken(Code.FRAME_SIZE_ERROR, f"{len(payload)} bytes in place of a number of {NUMBER.size}")
    return int.from_bytes(payload)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Any frame."""
    return head(kind, flags, stream, len(payload)) + payload


def head(kind: int, flags: int, stream: int, size: int) -> bytes:
    """What comes before a payload of `size` bytes."""
    return HEAD.pack(size >> 8, size & 0xFF, kind, flags, stream)


def settings(values: dict[int, int]) -> bytes:
    """What the peer is to keep to."""
    return frame(SETTINGS, 0, 0, b"".join(SETTING.pack(*each) for each in values.items()))


def window_update(stream: int, more: int) -> bytes:
    """The peer may send so many bytes more, on a stream, or on all where that is 0."""
    return frame(WINDOW_UPDATE, 0, stream, NUMBER.pack(more))


def reset(stream: int, code: Code) -> bytes:
    """A stream has ended."""
    return frame(RST_STREAM, 0, stream, NUMBER.pack(code))


def goaway(last: int, code: Code, text: str = "") -> bytes:
    """No stream after `last` is answered; `text` is for people."""
    return frame(GOAWAY, 0, 0, NUMBER.pack(last) + NUMBER.pack(code) + text.encode())
