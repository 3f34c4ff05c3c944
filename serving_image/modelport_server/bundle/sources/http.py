"""Files over HTTP, of any store that has them there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from modelport_server.bundle.sources.store import LOOK, Forbidden, Interrupted, Missing, SourceError, needed

BLOCK = 1 << 16
TIMEOUTS = (10, 60)  # seconds: to connect, between two blocks
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PASSING = (408, 425, 429, 500, 502, 503, 504)


class HttpStore:
    """A store whose files are read with a GET each.

    `url_of` gives the address of a file, `headers` what is sent along: asked each time, as a token may have expired.
    """

    archive: str | None = None
    sha256: str | None = None

    def __init__(
        self, scheme: str, url_of: Callable[[str], str], headers: Callable[[], Mapping[str, str]], session: Any = None
    ):
        self._requests = needed("requests", scheme)
        self._broken = (needed("urllib3", scheme).exceptions.HTTPError, OSError)
        self._url_of, self._headers = url_of, headers
        self._session = session or self._requests.Session()

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """See Store."""
        response = self.get(self._url_of(path), {"Range": f"bytes={start}-"} if start else {})
        if response.status_code == 416:  # nothing is left
            return
        skip = start if response.status_code == 200 else 0  # a server that knows no ranges
        try:
            while block := response.raw.read1(BLOCK):  # what has come, as the rest may never come
                yield block[skip:]
                skip = max(0, skip - len(block))
        except self._broken as error:
            raise Interrupted(str(error)) from error

    def get(self, url: str, headers: Mapping[str, str]) -> Any:
        """An answer that holds what was asked for, its body still to come. Raises as `read`."""
        try:
            sent = {"Accept-Encoding": "identity", **self._headers(), **headers}
            response = self._session.get(url, headers=sent, stream=True, timeout=TIMEOUTS)
        except self._requests.RequestException as error:
            raise Interrupted(_without_query(str(error), url)) from error
        status, shown = response.status_code, url.partition("?")[0]
        if status in PASSING:
            raise Interrupted(f"{shown} answered {status}")
        if status == 404:
            raise Missing(shown, "there is no such file.", LOOK)
        if status == 403:
            raise Forbidden(shown, f"answered {status} {response.reason}.", LOOK)
        if status not in (200, 206, 416):
            raise SourceError(shown, f"answered {status} {response.reason}.", LOOK)
        return response


def open_store(source: str) -> HttpStore:
    """The files below an address; plain HTTP is for this machine alone."""
    parts = urlsplit(source)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise SourceError(source.partition("?")[0], "plain HTTP can be read and changed on the way.", "Use https.")
    base = parts._replace(path=parts.path.rstrip("/"))

    def url_of(path: str) -> str:
        return (base._replace(path=f"{base.path}/{path}") if path else parts).geturl()

    return HttpStore("https", url_of, dict)


def _without_query(text: str, url: str) -> str:
    """A message without what may be a signature."""
    query = urlsplit(url).query
    return text.replace(query, "...") if query else text
