"""Google's REST APIs, whose errors say what, where, and what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

from modelport.errors import ModelportError

T = TypeVar("T")

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN = "GOOGLE_OAUTH_ACCESS_TOKEN"  # noqa: S105  a variable that Pulumi's provider for Google knows too
LATER = (408, 409, 429, 500, 502, 503, 504)
"""Statuses of what may go well a little later: others are at work there, too many requests, a fault of Google's."""
SPENT = "exceed quota limits"
"""How Vertex AI says that there are not enough machines, which waiting does not change."""
TIMEOUT = (10, 120)
FIRST_PAUSE, LONGEST_PAUSE, PATIENCE = 1.0, 30.0, 300.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class GoogleError(ModelportError):
    """Google refuses, or cannot be reached.

    Attributes:
        problem: what it says.
    """

    def __init__(self, about: str, problem: str):
        super().__init__(f"{about}\n  {problem}")
        self.problem = problem


class Busy(GoogleError):
    """It may go well a little later.

    Attributes:
        after: seconds that Google asks to wait; 0 where it says nothing.
    """

    def __init__(self, about: str, problem: str, after: float = 0):
        super().__init__(about, problem)
        self.after = after


@dataclass(frozen=True)
class Google:
    """A service of Google's, at one address; the methods raise `GoogleError`."""

    url: str

    @classmethod
    def vertex(cls, location: str) -> Google:
        """Vertex AI in a region.

        Source: https://cloud.google.com/vertex-ai/docs/reference/rest#service-endpoint
        """
        return cls(_address("GOOGLE_VERTEX_AI_CUSTOM_ENDPOINT", f"{location}-aiplatform", "v1"))

    @classmethod
    def logging(cls) -> Google:
        """Cloud Logging."""
        return cls(_address("GOOGLE_LOGGING_CUSTOM_ENDPOINT", "logging", "v2"))

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """What is at a path; None where nothing is."""
        return self._ask("GET", path, query=query)

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> dict[str, Any]:
        """The answer to a request that changes something."""
        answer = self._ask(method, path, body, query)
        if answer is None:
            raise GoogleError(path, "is not there")
        return answer

    def predict(self, path: str, body: bytes) -> bytes:
        """What a model answers to a request in JSON, both as they are."""
        answer = self._answer("POST", path, data=body, headers={"Content-Type": "application/json"})
        if answer is None:
            raise GoogleError(path, "is not there")
        return bytes(answer.content)

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        answer = self._answer(method, path, json=body, params=query)
        return None if answer is None else dict(answer.json())

    def _answer(self, method: str, path: str, **what: Any) -> Any:
        """What Google answers; None where nothing is."""
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        try:
            answer = self._session.request(method, self.url + path, timeout=TIMEOUT, **what)
        except GoogleAuthError as error:
            raise _no_token(path, error) from error
        except RequestException as error:
            raise Busy(path, f"cannot be reached: {error}") from error
        if answer.status_code == 404:
            return None
        if answer.ok:
            return answer
        problem = _problem(answer)
        if answer.status_code in LATER and SPENT not in problem:
            raise Busy(path, problem, _seconds(answer.headers.get("Retry-After", "")))
        raise GoogleError(path, problem)

    @cached_property
    def _session(self) -> Any:
        from google.auth.transport.requests import AuthorizedSession

        return AuthorizedSession(_credentials(os.environ.get(TOKEN)))


def patiently(attempt: Callable[[], T]) -> T:
    """What an attempt gives that Google is not too busy for. An attempt has to look first what an earlier one did.

    Raises:
        Busy: it is, for minutes.
    """
    from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

    pause = wait_exponential_jitter(initial=FIRST_PAUSE, max=LONGEST_PAUSE, jitter=FIRST_PAUSE)

    def wished(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return max(pause(state), error.after if isinstance(error, Busy) else 0)

    again = retry_if_exception_type(Busy)
    return Retrying(retry=again, wait=wished, stop=stop_after_delay(PATIENCE), reraise=True)(attempt)


@cache
def _credentials(token: str | None) -> Any:
    """Those of the environment: a token, or Application Default Credentials."""
    import google.auth
    from google.oauth2.credentials import Credentials

    return Credentials(token) if token else google.auth.default(scopes=[SCOPE])[0]  # type: ignore[no-untyped-call]


def _address(variable: str, name: str, version: str) -> str:
    """Where a service is: where a variable says it, which Pulumi's provider for Google reads too, or at Google."""
    if not (given := os.environ.get(variable)):
        universe = os.environ.get("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "googleapis.com")
        return f"https://{name}.{universe}/{version}/"
    parts = urlsplit(given)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise GoogleError(variable, f"is {given}, where a token would be sent in clear. Give an address with https.")
    return given if given.endswith("/") else f"{given}/"


def _no_token(path: str, error: Exception) -> GoogleError:
    remedy = f"Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS or {TOKEN}."
    return GoogleError(path, f"Google accepts no credentials of this environment: {error}\n  {remedy}")


def _problem(answer: Any) -> str:
    """What Google says is wrong, with the fields and quotas that it names."""
    try:
        error = answer.json()["error"]
        return described(error)
    except (ValueError, LookupError, TypeError):
        return f"Google answers {answer.status_code} {answer.reason}"


def described(error: Mapping[str, Any]) -> str:
    """A `google.rpc.Status` in a line or more.

    Source: https://cloud.google.com/apis/design/errors#error_model
    """
    import grpc

    codes = {code.value[0]: code.name for code in grpc.StatusCode}
    status = error.get("status") or codes.get(error.get("code"), "UNKNOWN")
    lines = [f"{status}: {error.get('message', 'Google says no reason')}"]
    for detail in error.get("details", []):
        for violation in (*detail.get("fieldViolations", []), *detail.get("violations", [])):
            where = violation.get("field") or violation.get("subject", "")
            lines.append(f"{where}: {violation.get('description', '')}")
    return "\n    ".join(lines)


def _seconds(wish: str) -> float:
    return min(float(wish), LONGEST_PAUSE) if wish.isdigit() else 0
