# ruff: noqa: D102  what the transport and the parser call is described where they are
"""HTTP/1.1 of one client: reads requests, has them answered one after the other, and writes the answers in that order.

What a client can do to harm others is bounded: the size of a head and of a body, the time that a request takes to come
and an answer to be taken, what is read ahead. When a client goes, what it has asked for is not run any more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import httptools

from modelport_server.app import too_large
from modelport_server.errors import Fault, Rejected
from modelport_server.exchange import Request, Response
from modelport_server.transport.connections import Connections
from modelport_server.transport.errand import Errand
from modelport_server.transport.heads import Heads

MOST_HEAD = 65_536  # bytes of the request line and headers
MOST_DISCARDED = 64 << 20  # bytes of a body too large that are read, so that its client comes to read the answer
LINGER_SECONDS = 2  # for a client to read why its request was not read to the end
REASONS = {status.value: status.phrase for status in HTTPStatus}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(eq=False)
class HttpConnections(Connections):
    """Those that speak HTTP/1.1.

    Attributes:
        date: of answers, as in their headers.
        heads: of requests, that need not be parsed again.
    """

    date: bytes = b""
    heads: Heads = field(default_factory=Heads)

    def connect(self) -> Connection:
        """See Connections."""
        return Connection(self)

    def look(self, now: float) -> None:
        """See Connections; note the date, too."""
        self.date = formatdate(usegmt=True).encode()
        super().look(now)


class Connection(Errand, asyncio.Protocol):
    """One client.

    Attributes:
        deadline: the loop's time at which its patience ends.
    """

    def __init__(self, connections: HttpConnections):
        super().__init__()
        self._all = connections
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._waiting: deque[tuple[Request, bool]] = deque()  # with whether the connection goes on after it
        self._goes_on = self._reads = self._sends_body = True
        self._is_blocked = self._is_paused = False
        self._received = 0  # bytes of the request that is coming
        self.deadline = self._loop.time() + connections.patience.request
        self.on_message_begin()
        self._is_between = True

    # what the transport calls

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._all.open.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._all.open.discard(self)
        self._reads = False
        self._waiting.clear()
        self._abandon()

    def data_received(self, data: bytes) -> None:
        if not self._reads:
            return
        if not (self._received or self._is_blocked):
            self.deadline = self._loop.time() + self._all.patience.request
        if self._is_between and (request := self._all.heads.request(data)):
            self._waiting.append((request, True))
        else:
            self._parse(data)
        self._serve()

    def pause_writing(self) -> None:
        self._is_blocked = True
        self.deadline = self._loop.time() + self._all.patience.answer

    def resume_writing(self) -> None:
        self._is_blocked = False
        self.deadline = self._loop.time() + self._all.patience.request
        self._serve()

    # what the parser calls

    def on_message_begin(self) -> None:
        self._is_between = False
        self._url, self._body = b"", list[bytes]()
        self._headers: dict[bytes, bytes] = {}
        self._head_size = self._body_size = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value
        self._head_size += len(name) + len(value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._head_size + len(self._url) > MOST_HEAD:
            self._reject_head()
        if self._headers.get(b"expect", b"").lower() != b"100-continue":
            return
        if int(self._headers.get(b"content-length", 0)) > self._all.app.max_body:
            self._reject(too_large(self._all.app.max_body))
        elif not (self._steps or self._waiting):
            self._transport.write(CONTINUE)

    def on_body(self, data: bytes) -> None:
        self._body_size += len(data)
        if self._body_size <= self._all.app.max_body:
            self._body.append(data)
        elif self._body_size > MOST_DISCARDED:
            self._reject(too_large(self._all.app.max_body))

    def on_message_complete(self) -> None:
        self._received, self._is_between = 0, True
        if self._reads:
            is_large = self._body_size > self._all.app.max_body
            problem = too_large(self._all.app.max_body) if is_large else None
            goes_on = self._parser.should_keep_alive() and self._parser.get_http_version() != "1.0"
            self._waiting.append((self._request(problem), goes_on))
            self._reads = goes_on

    # what the host calls

    def look(self, now: float) -> None:
        """Close, if its patience has ended."""
        if self.deadline < now:
            self._expire()

    def announce_end(self) -> None:
        """Nothing can be said before the next answer."""

    def close_when_idle(self) -> None:
        """Close now, unless there is something to answer."""
        if not (self._steps or self._waiting or (self._reads and self._received)):
            self._transport.close()

    # reading

    def _parse(self, data: bytes) -> None:
        was_between, before = self._is_between, len(self._waiting)
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # we know no other protocol: the answer is HTTP/1.1, and the last
            self._end()
        except httptools.HttpParserError as error:
            self._reject(Rejected(Fault.MALFORMED, f"the request is not HTTP: {error}"))
        if self._in_head and self._received > MOST_HEAD:
            self._reject_head()
        if was_between and self._is_between and self._reads and len(self._waiting) == before + 1:
            self._all.heads.keep(data, self._waiting[-1][0])

    def _request(self, problem: Rejected | None) -> Request:
        path = self._url.partition(b"?")[0].decode("latin-1")
        if path and path[0] != "/":  # the form for proxies
            path = (httptools.parse_url(self._url).path or b"/").decode("latin-1")
        method = self._parser.get_method().decode("ascii")
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        return Request(method, unquote(path) if "%" in path else path, self._headers, body, problem)

    def _reject_head(self) -> None:
        self._reject(Rejected(Fault.HEAD_TOO_LARGE, f"the request's head has more than {MOST_HEAD} bytes"))

    def _reject(self, problem: Rejected) -> None:
        """Answer so when all before is answered, and read no more."""
        if self._reads:
            self._waiting.append((Request("", "", {}, b"", problem), False))
            self._reads = False

    def _end(self) -> None:
        self._reads = False
        if self._waiting:
            self._waiting[-1] = (self._waiting[-1][0], False)

    # answering

    def _serve(self) -> None:
        """Answer what waits, one by one, until one is not answered at once."""
        while self._waiting and not (self._steps or self._is_blocked):
            request, self._goes_on = self._waiting.popleft()
            self._sends_body = request.method != "HEAD"
            if not self._sends_body:
                request.method = "GET"
            self._begin(self._all.app.answer(request))
        self._pause_or_resume()

    def _resume(self, _: object) -> None:
        self._advance()
        self._serve()

    def _finished(self, answer: Response) -> None:
        if self._transport.is_closing():
            return
        self._goes_on = self._goes_on and not self._all.closing
        body = answer.body if self._sends_body else b""
        self._transport.write(head_of(answer, self._all.date, goes_on=self._goes_on) + body)
        if not self._goes_on:
            self._leave()
        elif not (self._received or self._is_blocked):
            self.deadline = self._loop.time() + self._all.patience.idle

    def _expire(self) -> None:
        """Close, as the client is too slow; it is told so where it may still listen."""
        if self._is_blocked:
            self._transport.abort()
        elif self._steps or self._waiting:  # it waits for us
            self.deadline = self._loop.time() + self._all.patience.request
        elif self._reads and self._received:
            self._reject(Rejected(Fault.TIMEOUT, "the request did not come whole in time"))
            self._serve()
        else:
            self._transport.abort()

    def _leave(self) -> None:
        self._waiting.clear()
        self._reads = False
        if self._received and not self._is_blocked:  # what is still coming would reset the connection, and the answer
            self._transport.write_eof()
            self.deadline = self._loop.time() + LINGER_SECONDS
        else:
            self._transport.close()

    def _pause_or_resume(self) -> None:
        """Read no further than one read ahead of what is answered."""
        if (pauses := bool(self._waiting)) != self._is_paused and not self._transport.is_closing():
            self._is_paused = pauses
            (self._transport.pause_reading if pauses else self._transport.resume_reading)()


def head_of(response: Response, date: bytes, *, goes_on: bool) -> bytes:
    """The status line and headers of an answer."""
    head = b"%bcontent-length: %d\r\n" % (_beginning(response.status, response.content_type, date), len(response.body))
    for header in response.headers:
        head += b"%b: %b\r\n" % header
    return head + (b"\r\n" if goes_on else b"connection: close\r\n\r\n")


@lru_cache(32)
def _beginning(status: int, content_type: str, date: bytes) -> bytes:
    said = status, REASONS.get(status, "").encode(), date, content_type.encode("latin-1")
    return b"HTTP/1.1 %d %b\r\ndate: %b\r\ncontent-type: %b\r\n" % said
