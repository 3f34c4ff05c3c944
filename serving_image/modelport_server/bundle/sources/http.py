"""Files over HTTP, of any store that has them there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from modelport_server.bundle.sources.store import LOOK, Forbidden, Interrupted, Missing, SourceError, needed

BLOCK = 1 << 16
TIMEOUTS = (10, 60)  # seconds: to connect, between two blocks
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PASSING = (408, 425, 429, 500, 502, 503, 504)
READ = (200, 206, 416)
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
TRUST = "Name the file with the certificate of its authority in REQUESTS_CA_BUNDLE."


class Http:
    """Requests to a store; tells what may pass from what does not. No error tells a query: it may be a signature."""

    def __init__(self, scheme: str, session: Any = None):
        self._requests = needed("requests", scheme)
        self._broken = (needed("urllib3", scheme).exceptions.HTTPError, OSError)
        self._session = session or self._requests.Session()

    def send(
        self, method: str, url: str, headers: Mapping[str, str], *, fine: Collection[int] = (200,), **options: Any
    ) -> Any:
        """An answer with one of the `fine` statuses; `options` are those of requests.

        Raises:
            Missing, SourceError, Interrupted: see Store.read.
        """
        try:
            sent = {"Accept-Encoding": "identity", **headers}
            response = self._session.request(method, url, headers=sent, timeout=TIMEOUTS, **options)
        except self._requests.RequestException as error:
            if UNTRUSTED in str(error):
                raise SourceError(url.partition("?")[0], "has a certificate that is not trusted.", TRUST) from error
            raise Interrupted(_without_query(str(error), url)) from error
        status, shown = response.status_code, url.partition("?")[0]
        if status in fine:
            return response
        if status in PASSING:
            raise Interrupted(f"{shown} answered {status}", _seconds(response.headers.get("Retry-After", "")))
        if status == 404:
            raise Missing(shown, "there is no such file.", LOOK)
        kind = Forbidden if status == 403 else SourceError
        raise kind(shown, f"answered {status} {response.reason}{_said(response)}.", LOOK)

    def blocks(self, response: Any, start: int = 0) -> Iterator[bytes]:
        """The body of the answer to a GET from a byte on, as it comes.

        Raises:
            Interrupted: it broke off.
        """
        if response.status_code == 416:  # nothing is left
            return
        skip = start if response.status_code == 200 else 0  # a server that knows no ranges
        try:
            while block := response.raw.read1(BLOCK):  # what has come, as the rest may never come
                yield block[skip:]
                skip = max(0, skip - len(block))
        except self._broken as error:
            raise Interrupted(str(error)) from error


class HttpStore:
    """A store whose files are read with a GET each.

    `url_of` gives the address of a file, `headers` what is sent along: asked each time, as a token may have expired.
    """

    archive: str | None = None
    sha256: str | None = None

    def __init__(self, http: Http, url_of: Callable[[str], str], headers: Callable[[], Mapping[str, str]]):
        self._http, self._url_of, self._headers = http, url_of, headers

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """See Store."""
        headers = {**self._headers(), **range_from(start)}
        return self._http.blocks(self._http.send("GET", self._url_of(path), headers, fine=READ, stream=True), start)


def range_from(start: int) -> Mapping[str, str]:
    """The header that asks for a file from a byte on."""
    return {"Range": f"bytes={start}-"} if start else {}


def open_store(source: str) -> HttpStore:
    """The files below an address; plain HTTP is for this machine alone."""
    parts = urlsplit(source)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise SourceError(source.partition("?")[0], "plain HTTP can be read and changed on the way.", "Use https.")
    base = parts._replace(path=parts.path.rstrip("/"))

    def url_of(path: str) -> str:
        return (base._replace(path=f"{base.path}/{path}") if path else parts).geturl()

    return HttpStore(Http("https"), url_of, dict)


def _without_query(text: str, url: str) -> str:
    """A message without what may be a signature."""
    query = urlsplit(url).query
    return text.replace(query, "...") if query else text


def _seconds(text: str) -> float:
    """Of a `Retry-After` in seconds; one with a date is as none."""
    return float(text) if text.isdigit() else 0


def _said(response: Any) -> str:
    """What a registry or Google says of its refusal, which is JSON; others may repeat what was sent."""
    with suppress(ValueError, LookupError, TypeError, AttributeError, OSError):
        told = response.json()
        error = told["errors"][0] if "errors" in told else told["error"]
        return f": {str(error['message']).strip().rstrip('.')[:300]}"
    return ""
