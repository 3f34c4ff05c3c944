"""Heads of requests that were read before: a client sends the same one again, and only the body differs."""

from __future__ import annotations

from modelport_server.exchange import Head, Request

MOST_BYTES = 2048  # of a head; with MOST_KEPT, what clients can make us keep
MOST_KEPT = 512
END = b"\r\n\r\n"


class Heads:
    """The heads that the parser has read, of requests that leave their connection open."""

    def __init__(self) -> None:
        self._kept: dict[bytes, Head] = {}

    def request(self, data: bytes) -> Request | None:
        """The request that `data` is, if it is one from its first byte to its last, with a head that is known."""
        start = data.find(END, 0, MOST_BYTES) + len(END)
        head = self._kept.get(data[:start])
        if head is None or len(data) - start != head.size:
            return None
        return Request(head.method, head.path, head.headers, data[start:], None, head)

    def keep(self, data: bytes, request: Request) -> None:
        """Remember the head of `data`, which the parser has read as this `request` and no other."""
        start = data.find(END, 0, MOST_BYTES) + len(END)
        names, size = request.headers, len(request.body)
        is_plain = names.get(b"content-length", b"0") == b"%d" % size and b"transfer-encoding" not in names
        if start < len(END) or len(data) != start + size or not is_plain or b"expect" in names:
            return
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[data[:start]] = Head(request.method, request.path, names, size)
