"""A request and its answer, whatever carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelport_server.errors import Rejected
    from modelport_server.observe.observer import Call

JSON, BYTES = "application/json", "application/octet-stream"


@dataclass(eq=False, frozen=True, slots=True)
class Head:
    """A request but for its body, which has `size` bytes. One that comes again may be the same object.

    `path` is decoded and has no query; the names of `headers` are in lower case.
    """

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    size: int


@dataclass(slots=True)
class Request:
    """A whole request, or the `problem` that kept it from being read.

    `head` is there where it has come before. `call` is there where somebody watches the inferences. `deadline` is the
    time, by `time.monotonic`, at which the client gives up, where the protocol has a word for it.
    """

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    body: bytes
    problem: Rejected | None = None
    head: Head | None = None
    call: Call | None = None
    deadline: float | None = None

    def header(self, name: bytes) -> str:
        """The value of a header; empty when not given."""
        return self.headers.get(name, b"").decode("latin-1")


@dataclass(slots=True)
class Response:
    """An answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
