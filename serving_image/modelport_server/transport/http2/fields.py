"""Blocks of headers: read with the table of RFC 7541 that a connection keeps, checked, and written without one."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

from hpack import Decoder, HPACKError, OversizedHeaderListError

from modelport_server.transport.http2.errors import Code, ConnectionBroken

MOST_HEAD = 16_384  # bytes of a request's headers, each with 32 more; as much as gRPC's own servers take
MOST_BLOCK = 2 * MOST_HEAD  # that are read at all, so that a request with more than MOST_HEAD can be told so
MOST_KEPT = 16  # blocks whose reading is remembered
MOST_KEPT_BYTES = 512  # of each

NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
VALUE = re.compile(rb"(?![ \t])[^\x00\r\n]*(?<![ \t])")
NUMBER = re.compile(rb"\d{1,18}")
OF_A_CONNECTION = {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
OF_A_REQUEST = {b":method", b":scheme", b":path", b":authority"}
OK = b"\x88"  # :status 200, from the static table

logging.getLogger("hpack").setLevel(logging.INFO)  # it logs values on the level debug, tokens too


@dataclass(slots=True)
class Fields:
    """A block, read.

    Attributes:
        pseudo: what has a colon before its name.
        headers: all else; of a name that is there twice, the last.
        size: bytes, as RFC 9113 counts them.
        length: of the body, where the headers tell.
        problem: what makes it malformed, or empty.
    """

    pseudo: dict[bytes, bytes]
    headers: dict[bytes, bytes]
    size: int
    length: int | None = None
    problem: str = ""

    @classmethod
    def of(cls, pairs: Iterable[tuple[bytes, bytes]]) -> Fields:
        """The names and values, checked."""
        fields = cls({}, {}, 0)
        for name, value in pairs:
            fields.size += len(name) + len(value) + 32
            fields.problem = fields.problem or fields._add(name, value)
        return fields

    def problem_of_request(self) -> str:
        """What keeps it from being the headers of a request, or empty."""
        if self.problem:
            return self.problem
        if not {b":method", b":scheme", b":path"} <= self.pseudo.keys() or not self.pseudo[b":path"]:
            return "a request without :method, :scheme or :path"
        return ""

    def _add(self, name: bytes, value: bytes) -> str:
        """Take one; what is wrong with it, or empty."""
        said = name[:40].decode("latin-1")
        if not VALUE.fullmatch(value):
            return f"a value of {said!r} that no header can have"
        if name[:1] == b":":
            if name not in OF_A_REQUEST or name in self.pseudo or self.headers:
                return f"{said!r} is no pseudo-header here"
            self.pseudo[name] = value
            return ""
        if not NAME.fullmatch(name):
            return f"{said!r} is no name of a header"
        if name in OF_A_CONNECTION or (name == b"te" and value != b"trailers"):
            return f"{said!r} has no place in HTTP/2"
        if name == b"content-length":
            if not NUMBER.fullmatch(value) or self.length not in (None, int(value)):
                return "content-length is not one number"
            self.length = int(value)
        self.headers[name] = value
        return ""


class Blocks:
    """Those that come on a connection.

    The reading of one that has changed nothing in the table is kept until the table changes: clients send the same
    again and again.
    """

    def __init__(self) -> None:
        self._decoder = Decoder(MOST_BLOCK)
        self._kept: dict[bytes, Fields] = {}

    def read(self, block: bytes) -> Fields:
        """What a block says.

        Raises:
            ConnectionBroken: it is none, or far too large; either way the next could not be read.
        """
        return self._kept.get(block) or self._read(block)

    def _read(self, block: bytes) -> Fields:
        table = self._decoder.header_table.dynamic_entries
        size, newest = len(table), next(iter(table), None)
        try:
            fields = Fields.of(self._decoder.decode(block, raw=True))
        except OversizedHeaderListError as error:
            text = f"more than {MOST_BLOCK} bytes of headers: we take {MOST_HEAD}"
            raise ConnectionBroken(Code.ENHANCE_YOUR_CALM, text) from error
        except (HPACKError, IndexError) as error:
            raise ConnectionBroken(Code.COMPRESSION_ERROR, "headers that cannot be read") from error
        if len(table) != size or next(iter(table), None) is not newest or len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        elif len(block) <= MOST_KEPT_BYTES:
            self._kept[block] = fields
        return fields


def status(number: int) -> bytes:
    """The block of a status."""
    return OK if number == 200 else field(b":status", b"%d" % number)


def field(name: bytes, value: bytes) -> bytes:
    """A header as a literal, which is in no table."""
    return b"\0" + _text(name) + _text(value)


def _text(text: bytes) -> bytes:
    size = len(text)
    if size < 127:
        return bytes((size,)) + text
    parts, rest = [127], size - 127
    while rest > 127:
        parts.append(rest & 127 | 128)
        rest >>= 7
    return bytes((*parts, rest)) + text
