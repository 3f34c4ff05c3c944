"""OCI registries: requests with what they want to see, which is a login or a token that it buys."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from modelport_server.bundle.sources.http import LOOPBACK, Http
from modelport_server.bundle.sources.login import DOCKER_HUB, find_login
from modelport_server.bundle.sources.store import LOOK, SourceError

CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
CLIENT = "modelport"
TOKEN_SECONDS = 60  # that a token lives where its seller does not say


class Registry:
    """One registry. Its tokens are kept while they live, and bought again when it refuses one."""

    def __init__(self, host: str):
        self.host = host
        place = DOCKER_HUB[1] if host == DOCKER_HUB[0] else host
        self._base = f"{'http' if _is_here(place) else 'https'}://{place}/v2/"
        self._http = Http("oci")
        self._bought: dict[tuple[str, ...], tuple[str, float]] = {}

    def url(self, path: str) -> str:
        """Of a path below `/v2/`, or an address that the registry gave itself."""
        return urljoin(self._base, path)

    def send(
        self, method: str, path: str, scopes: tuple[str, ...], headers: Mapping[str, str], *,
        fine: Collection[int] = (200,), **options: Any,
    ) -> Any:  # fmt: skip
        """An answer with one of the `fine` statuses. What is sent must bear to be sent twice.

        Args:
            method: of HTTP.
            path: see `url`.
            scopes: what the token must be good for, such as `repository:NAME:pull`.
            headers: besides those of the login, which no other host gets to see.
            fine: statuses that are no error.
            options: those of requests.

        Raises:
            Missing, SourceError, Interrupted: see Store.read.
        """
        url = self.url(path)
        if urlsplit(url).netloc != urlsplit(self._base).netloc:
            return self._http.send(method, url, headers, fine=fine, **options)
        shown = self._authorization(scopes)
        answer = self._http.send(method, url, {**headers, **shown}, fine=(*fine, 401), **options)
        if answer.status_code == 401:
            self._bought[scopes] = self._buy(answer.headers.get("WWW-Authenticate", ""), scopes)
            answer.close()
            shown = self._authorization(scopes)
            answer = self._http.send(method, url, {**headers, **shown}, fine=fine, **options)
        return answer

    def blocks(self, answer: Any, start: int) -> Iterator[bytes]:
        """See Http.blocks."""
        return self._http.blocks(answer, start)

    def _authorization(self, scopes: tuple[str, ...]) -> Mapping[str, str]:
        text, until = self._bought.get(scopes, ("", 0.0))
        return {"Authorization": text} if text and time.monotonic() < until else {}

    def _buy(self, challenge: str, scopes: tuple[str, ...]) -> tuple[str, float]:
        """What answers a challenge, and until when: our login, or a token for it."""
        login = find_login(self.host)
        _, bearer, parameters = challenge.partition("Bearer ")
        if not bearer:
            if login is None or not challenge.startswith("Basic"):
                raise SourceError(self.host, "wants to know who asks, and there is no login.", f"Log in. {LOOK}")
            return login.basic, float("inf")
        asked = dict(CHALLENGE.findall(parameters))
        realm = asked.get("realm", "")
        if not realm.startswith("https://") and not _is_here(urlsplit(realm).netloc):
            raise SourceError(self.host, f"sells tokens at {realm!r}, which is not https.", LOOK)
        wanted = [("service", asked.get("service", "")), *(("scope", scope) for scope in scopes)]
        if login and login.identity:
            form = [("grant_type", "refresh_token"), ("refresh_token", login.identity), ("client_id", CLIENT)]
            sold = self._http.send(
                "POST", realm, {}, data=[*form, ("service", wanted[0][1]), ("scope", " ".join(scopes))]
            )
        else:
            sold = self._http.send("GET", realm, {"Authorization": login.basic} if login else {}, params=wanted)
        given = sold.json()
        seconds = float(given.get("expires_in") or TOKEN_SECONDS)
        return f"Bearer {given.get('access_token') or given['token']}", time.monotonic() + seconds * 0.9


def _is_here(place: str) -> bool:
    return urlsplit(f"//{place}").hostname in LOOPBACK
