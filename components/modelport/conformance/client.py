"""HTTP as a test wants it: every request on a connection of its own, whole, timed, and never for longer than said."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from modelport.conformance.check import Failed
from modelport.errors import ModelportError

JSON = "application/json"


class Unreachable(ModelportError):
    """There is no server to judge."""

    exit_code = 2


@dataclass(frozen=True)
class Answer:
    """An answer. The names of `headers` are in lower case; `seconds` from the connection to the last byte."""

    asked: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        """What the body says in JSON; fails where it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Failed(f"{self.asked} answered {self.status} with no JSON: {shown(self.body)}") from error

    def object(self) -> dict[str, Any]:
        """The JSON object of an answer 200; fails where it is something else."""
        self.expect(200)
        content = self.json()
        if not isinstance(content, dict):
            raise Failed(f"{self.asked} answered no JSON object: {shown(self.body)}")
        return content

    def expect(self, *statuses: int) -> None:
        """Fail unless the status is one of these."""
        if self.status not in statuses:
            wanted = " or ".join(map(str, statuses))
            raise Failed(f"{self.asked} answered {self.status}, not {wanted}: {shown(self.body)}")


class Client:
    """Asks one server.

    Attributes:
        url: where it is, perhaps with a path before those of the protocols.
        authorization: the header for every request; never shown.
        timeout: seconds for each step of a request.
    """

    def __init__(self, url: str, *, authorization: str | None = None, timeout: float = 10):
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unreachable(f"{url}\n  is no address of a server.\n  Give one like http://127.0.0.1:8080")
        self.url, self.timeout, self.authorization = url, timeout, authorization
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._prefix = parts.netloc.rpartition("@")[2], parts.path.rstrip("/")

    @property
    def host(self) -> str:
        """Name or address, and port."""
        return self._host

    def find(self) -> None:
        """Make sure that there is a server.

        Raises:
            Unreachable: there is none.
        """
        connection = self._kind(self._host, timeout=self.timeout)
        try:
            connection.connect()
        except OSError as error:
            reason = error.strerror or str(error)
            remedy = "See that it runs, and that this machine may reach it."
            raise Unreachable(f"{self.url}\n  cannot be reached: {reason}.\n  {remedy}") from error
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """GET a path."""
        return self.ask("GET", path, b"", headers)

    def post(self, path: str, content: Any, content_type: str = JSON, **headers: str) -> Answer:
        """POST bytes, or what JSON says of anything else. Underscores in the names of `headers` are dashes."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.ask("POST", path, body, {"content-type": content_type, **headers})

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Ask for anything; fails where no answer comes."""
        asked = f"{method} {path}"
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.authorization:
            given["authorization"] = self.authorization
        connection = self._kind(self._host, timeout=self.timeout)
        started = time.monotonic()
        try:
            response = _exchange(connection, method, self._prefix + path, body, given)
            content = response.read()
        except TimeoutError as error:
            raise Failed(f"{asked} had no answer within {self.timeout:g} s") from error
        except (OSError, HTTPException) as error:
            raise Failed(f"{asked} had no answer: {error or type(error).__name__}") from error
        finally:
            connection.close()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(asked, response.status, received, content, time.monotonic() - started)


def _exchange(
    connection: HTTPConnection, method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> HTTPResponse:
    try:
        connection.request(method, path, body or None, dict(headers))
    except (BrokenPipeError, ConnectionResetError):  # it may answer before it has read a large body
        if connection.sock is None:
            raise
        response = HTTPResponse(connection.sock, method=method)
        response.begin()
        return response
    return connection.getresponse()


def shown(body: bytes, most: int = 120) -> str:
    """The start of a body, for an error."""
    text = " ".join(body.decode("utf-8", "replace").split())
    return (text[:most] + "…" if len(text) > most else text) or "nothing"
