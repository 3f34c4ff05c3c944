"""A unary gRPC call over HTTP/2, as ready bytes: a gRPC library would cost as much as the server that is measured.

It keeps to what one small call at a time needs (RFC 9113). The header table is none, so that no block of headers
depends on those before it.
"""

import struct

from bench.serving.client import Address, WrongAnswer, connected

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
HEADER_TABLE_SIZE, INITIAL_WINDOW = 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LARGEST = 2**31 - 1
FRAME = 9  # bytes before each frame's payload


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _headers(method: str, authority: str) -> bytes:
    """The block of a request's headers: literals, nothing indexed, no Huffman code (RFC 7541, 6.2.2)."""
    fields = {":method": "POST", ":scheme": "http", ":path": method, ":authority": authority}
    fields |= {"te": "trailers", "content-type": "application/grpc"}
    return b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in fields.items()
    )


START = PREFACE + _frame(SETTINGS, 0, 0, struct.pack(">HIHI", HEADER_TABLE_SIZE, 0, INITIAL_WINDOW, LARGEST))
START += _frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", LARGEST - 65535))


class GrpcConnection:
    """One call after the other, each a stream of its own. `answer` is the last message."""

    def __init__(self, address: Address, method: str, message: bytes):
        block = _headers(method, f"{address[0]}:{address[1]}")
        data = b"\0" + struct.pack(">I", len(message)) + message
        self._head = _frame(HEADERS, END_HEADERS, 0, block)
        self._data = _frame(DATA, END_STREAM, 0, data)
        self._stream = -1
        self._window = 65535 - len(data)  # what the server takes unasked; it adds as it reads
        self._size = len(data)
        self._rest = b""
        self.answer = b""
        self.socket = connected(address)
        self.socket.send(START)

    def ask(self) -> bool:
        self._stream += 2
        self._window -= self._size
        if self._window < 0:
            raise WrongAnswer("the server lets no more data come")
        stream = struct.pack(">I", self._stream)
        self.answer = b""
        request = b"".join((self._head[:5], stream, self._head[FRAME:], self._data[:5], stream, self._data[FRAME:]))
        if self.socket.send(request) < len(request):
            raise WrongAnswer("the socket does not take a small request at once")
        return True

    def push(self) -> bool:
        return True

    def renewed(self) -> bool:
        return False

    def hear(self) -> bool:
        data = self._rest + self.socket.recv(1 << 16)
        if len(data) == len(self._rest):
            raise WrongAnswer("the server closed the connection")
        at, ended = 0, False
        while len(data) - at >= FRAME:
            end = at + FRAME + int.from_bytes(data[at : at + 3])
            if end > len(data):
                break
            kind, flags, stream = data[at + 3], data[at + 4], int.from_bytes(data[at + 5 : at + FRAME])
            ended |= self._take(kind, flags, stream, data[at + FRAME : end])
            at = end
        self._rest = data[at:]
        return ended

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> bool:
        """Take a frame; whether the call has ended with it, and well."""
        if kind == DATA:
            self.answer += payload
        elif kind == HEADERS and flags & END_STREAM:
            if len(self.answer) < 5 or int.from_bytes(self.answer[1:5]) != len(self.answer) - 5:
                raise WrongAnswer(f"the call failed: {payload!r}")  # one that did has no message
            return True
        elif kind == WINDOW_UPDATE and not stream:  # a stream's own is larger than any request here
            self._window += int.from_bytes(payload)
        elif kind in (SETTINGS, PING) and not flags & ACK:
            self.socket.send(_frame(kind, ACK, 0, payload if kind == PING else b""))
        elif kind in (RST_STREAM, GOAWAY):
            raise WrongAnswer(f"the server ended the call: {payload!r}")
        return False
