"""gRPC's own rules on top of HTTP/2: one message there and one back, each with its length before it."""

from __future__ import annotations

import re
import time
from struct import Struct
from urllib.parse import quote

from modelport_server.errors import Fault, Rejected
from modelport_server.exchange import Request, Response
from modelport_server.transport.http2.fields import Fields, field, status

PREFIX = Struct(">BI")  # of a message: whether it is compressed, and its size
CONTENT_TYPE = re.compile(rb"application/grpc(\+proto)?(;.*)?")
TIMEOUT = re.compile(rb"(\d{1,8})([HMSmun])")
SECONDS = {b"H": 3600, b"M": 60, b"S": 1, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
STATUS = {
    "CANCELLED": 1, "INVALID_ARGUMENT": 3, "DEADLINE_EXCEEDED": 4, "NOT_FOUND": 5, "RESOURCE_EXHAUSTED": 8,
    "UNIMPLEMENTED": 12, "INTERNAL": 13, "UNAVAILABLE": 14, "UNAUTHENTICATED": 16,
}  # fmt: skip
CODE = b"modelport-code"
MOST_TEXT = 1024  # bytes of an error's text: clients take few in headers
VISIBLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")

OPENING = status(200) + field(b"content-type", b"application/grpc")
TEXT = field(b"content-type", b"text/plain; charset=utf-8")
CLOSING = field(b"grpc-status", b"0")
ENCODINGS = (b"grpc-accept-encoding", b"identity")


def deadline(fields: Fields) -> float | None:
    """The time, by `time.monotonic`, at which the client of a call that begins now gives up, if it says so."""
    found = TIMEOUT.fullmatch(fields.headers.get(b"grpc-timeout", b""))
    return time.monotonic() + int(found[1]) * SECONDS[found[2]] if found else None


def request(fields: Fields, body: bytes | bytearray, until: float | None, problem: Rejected | None) -> Request:
    """A call, or the `problem` that kept it from being read; its client waits `until` then."""
    message = b""
    try:
        if problem:
            raise problem
        _check(fields, until)
        message = _message(body)
    except Rejected as rejection:
        problem = rejection
    pseudo = fields.pseudo
    method, path = pseudo[b":method"].decode("latin-1"), pseudo[b":path"].decode("latin-1")
    return Request(method, path, fields.headers, message, problem, deadline=until)


def answer(fields: Fields, response: Response) -> tuple[bytes, bytes, bytes]:
    """What goes back to a call with these headers: headers, the message, headers; or but the first, of a refusal."""
    said = b"".join([field(*header) for header in response.headers])
    if response.status == 200:
        return OPENING, PREFIX.pack(0, len(response.body)) + response.body, CLOSING + said
    if _is_call(fields):
        return OPENING + said, b"", b""
    return status(response.status) + TEXT, response.body, said  # so that who speaks no gRPC can read it


def refusal(rejection: Rejected) -> Response:
    """The answer to a call that is rejected."""
    fault, text = rejection.fault, str(rejection).encode()[:MOST_TEXT].decode(errors="ignore")
    headers = [
        (b"grpc-status", b"%d" % STATUS[fault.grpc]),
        (b"grpc-message", quote(text, safe=VISIBLE).encode()),
        (CODE, fault.code.encode()),
    ]
    if fault is Fault.UNSUPPORTED_MEDIA_TYPE:
        headers.append(ENCODINGS)
    return Response(fault.status, text.encode(), headers=tuple(headers))


def _is_call(fields: Fields) -> bool:
    kind = fields.headers.get(b"content-type", b"")
    return fields.pseudo[b":method"] == b"POST" and CONTENT_TYPE.fullmatch(kind) is not None


def _check(fields: Fields, until: float | None) -> None:
    headers = fields.headers
    if not _is_call(fields):
        text = "this port speaks gRPC: POST with the content type application/grpc"
        raise Rejected(Fault.UNSUPPORTED_MEDIA_TYPE, text)
    encoding = headers.get(b"grpc-encoding", b"identity")
    if encoding != b"identity":
        text = f"grpc-encoding {encoding[:40].decode('latin-1')}: send messages as they are"
        raise Rejected(Fault.UNSUPPORTED_MEDIA_TYPE, text)
    if until is None and b"grpc-timeout" in headers:
        raise Rejected(Fault.MALFORMED, "grpc-timeout is no number with a unit")
    if until is not None and time.monotonic() >= until:
        raise Rejected(Fault.LATE, "the request came when nobody waited for its answer any more")


def _message(body: bytes | bytearray) -> bytes:
    if len(body) < PREFIX.size:
        raise Rejected(Fault.MALFORMED, "a call carries one message, and none came")
    is_compressed, size = PREFIX.unpack_from(body)
    if is_compressed:
        raise Rejected(Fault.MALFORMED, "a compressed message, and no grpc-encoding says how")
    if size != len(body) - PREFIX.size:
        came = len(body) - PREFIX.size
        raise Rejected(Fault.MALFORMED, f"a message of {size} bytes, and {came} came: a call carries exactly one")
    return bytes(memoryview(body)[PREFIX.size :])
