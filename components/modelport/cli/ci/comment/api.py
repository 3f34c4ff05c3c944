"""A platform's API: JSON for a token that goes to one host alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from ipaddress import ip_address
from time import sleep
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from modelport.cli.errors import UsageError
from modelport.errors import ModelportError

Result = TypeVar("Result")

TIMEOUT_SECONDS = 30
LARGEST_ANSWER = 16 << 20
PAGE = 100
"""Entries, the most that GitHub and GitLab give at once."""
ATTEMPTS = 4
LONGEST_WAIT = 60
"""Seconds, however long the platform asks to wait."""
BUSY = (429, 500, 502, 503, 504)
TOKEN = re.compile(r"[\x21-\x7e]+")


class ApiError(ModelportError):
    """The platform does not do what it is asked.

    Attributes:
        status: of its answer; 0 where there was none.
    """

    def __init__(self, message: str, status: int = 0):
        super().__init__(message)
        self.status = status


class Busy(ApiError):
    """It may do it later.

    Attributes:
        wait: seconds, where it says so.
    """

    def __init__(self, message: str, status: int = 0, wait: float | None = None):
        super().__init__(message, status)
        self.wait = wait


@dataclass(frozen=True)
class Api:
    """An API below `url`; `identity` is the header with the token, which nothing that is told ever has."""

    url: str
    identity: Mapping[str, str] = field(repr=False)

    @classmethod
    def at(cls, url: str, variable: str, token: str, header: str) -> Api:
        """The API at an address, for a token that a variable of the environment has.

        Raises:
            UsageError: the token would go unprotected, or is none.
        """
        guarded = url.startswith("https://") or (url.startswith("http://") and _is_loopback(url))
        if not (guarded and _host(url)):
            raise UsageError(f"{url}\n  is no https address, and no token is sent to another.")
        if not TOKEN.fullmatch(token):
            raise UsageError(f"{variable}\n  is not set, or is no token. Set it to one that may comment.")
        name, _, scheme = header.partition(": ")
        return cls(url.rstrip("/"), {name: f"{scheme} {token}".strip()})

    def get(self, path: str) -> Any:
        """What is at a path."""
        return self.call("GET", path)

    def pages(self, path: str) -> Iterator[Any]:
        """The entries of a list, page by page."""
        sign, number = "&" if "?" in path else "?", 1
        while True:
            page = self.get(f"{path}{sign}per_page={PAGE}&page={number}")
            yield from page
            if len(page) < PAGE:
                return
            number += 1

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What the platform answers.

        Raises:
            Busy: it may answer later.
            ApiError: it refuses, or points elsewhere.
        """
        where = f"{method} {self.url}{path}"
        headers = {"User-Agent": "modelport", "Accept": "application/json", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}{path}", data, {**headers, **self.identity}, method=method)  # noqa: S310
        direct = [ProxyHandler({})] if _is_loopback(self.url) else []
        try:
            with build_opener(_Stay, *direct).open(request, timeout=TIMEOUT_SECONDS) as answer:
                return json.loads(answer.read(LARGEST_ANSWER))
        except HTTPError as error:
            raise _refusal(where, error) from None
        except (OSError, HTTPException) as error:
            raise Busy(f"{where}\n  does not answer: {error}") from None
        except ValueError:
            raise ApiError(f"{where}\n  answered with no JSON. See that the address is that of the API.") from None


def patiently(work: Callable[[], Result]) -> Result:
    """Do work as a whole, again where the platform was busy: whatever it has done already, it comes upon."""
    for attempt in range(1, ATTEMPTS):
        try:
            return work()
        except Busy as busy:
            sleep(min(2.0**attempt if busy.wait is None else busy.wait, LONGEST_WAIT))
    return work()


class _Stay(HTTPRedirectHandler):
    """Goes nowhere else: there the token would be known."""

    def redirect_request(self, *_: Any) -> None:
        """No redirect is followed; it is an error instead."""


def _refusal(where: str, error: HTTPError) -> ApiError:
    text = error.read(LARGEST_ANSWER)
    try:
        said = str(json.loads(text)["message"])[:200]
    except (ValueError, KeyError, TypeError):
        said = error.reason
    wait = error.headers.get("Retry-After", "")
    seconds = float(wait) if wait.isdecimal() else None
    if error.code in BUSY or (error.code == 403 and seconds is not None):
        return Busy(f"{where}\n  answered {error.code}: {said}", error.code, seconds)
    return ApiError(f"{where}\n  answered {error.code}: {said}{HINTS.get(error.code, '')}", error.code)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(url: str) -> bool:
    host = _host(url)
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


HINTS = {
    **dict.fromkeys(
        (301, 302, 307, 308), "\n  The token is not sent elsewhere. Name the repository and the API as they are now."
    ),
    401: "\n  The token is not valid, or has expired.",
    403: "\n  The token may not do this: it has to read and write comments of pull requests.",
    404: "\n  There is no such thing, or the token may not see it.",
}
