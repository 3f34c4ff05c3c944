"""JSON Web Tokens (RFC 7519) of one issuer, verified with its public keys (JWKS, RFC 7517). Needs the extra `jwt`."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt

from modelport_server.errors import ServerError

ALGORITHMS = [  # signatures only: a secret that both sides share has no place among public keys
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
]  # fmt: skip
LEEWAY_SECONDS = 30  # that clocks may differ
FRESH_SECONDS = 600  # that keys are good without asking again
PAUSE_SECONDS = 10  # between two askings, however many tokens name a key that is not known
FETCH_SECONDS = 5
MOST_BYTES = 1 << 20
MOST_SEEN = 1000

log = logging.getLogger(__name__)


class KeysUnavailable(ServerError):
    """The issuer's keys cannot be had."""


@dataclass(frozen=True)
class Terms:
    """What a token must say.

    Attributes:
        keys: where the issuer's JWKS is: an https address, or a file.
        issuer: its `iss`.
        audience: one of its `aud`.
    """

    keys: str
    issuer: str
    audience: str


class Issuer:
    """Says whether a token is good, for any thread."""

    def __init__(self, terms: Terms):
        """Get the keys.

        Raises:
            KeysUnavailable: they cannot be had.
        """
        self._terms = terms
        self._lock = threading.Lock()
        self._seen: OrderedDict[bytes, float] = OrderedDict()  # digests of good tokens, and when they end
        self._asked = 0.0
        self._keys = self._fetch()

    def has_seen(self, token: str) -> bool:
        """Whether it was verified before and has not ended."""
        with self._lock:
            return self._seen.get(sha256(token.encode()).digest(), 0) > time.time()

    def verify(self, token: str) -> bool:
        """Whether it is signed by the issuer, for this audience, and has begun and not ended. May ask for new keys."""
        try:
            key = self._key(jwt.get_unverified_header(token))
            claims = key and jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self._terms.issuer,
                audience=self._terms.audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.PyJWTError as error:
            log.info("a token is refused: %s", type(error).__name__)  # and not what it says
            return False
        if not claims:
            log.info("a token is refused: its key is not the issuer's")
            return False
        self._remember(token, float(claims["exp"]))
        return True

    def _remember(self, token: str, end: float) -> None:
        with self._lock:
            self._seen[sha256(token.encode()).digest()] = min(end, time.time() + FRESH_SECONDS)
            while len(self._seen) > MOST_SEEN:
                self._seen.popitem(last=False)

    def _key(self, header: dict[str, Any]) -> jwt.PyJWK | None:
        """The issuer's key that a token names, or its only one."""
        if (found := self._find(header)) is None or time.monotonic() - self._asked > FRESH_SECONDS:
            self._renew()
            found = self._find(header)
        return found

    def _find(self, header: dict[str, Any]) -> jwt.PyJWK | None:
        keys = self._keys.keys
        if (name := header.get("kid")) is None:
            return keys[0] if len(keys) == 1 else None
        return next((key for key in keys if key.key_id == name), None)

    def _renew(self) -> None:
        with self._lock:
            if time.monotonic() - self._asked < PAUSE_SECONDS:
                return
            self._asked = time.monotonic()
        try:
            self._keys = self._fetch()
        except KeysUnavailable as error:
            log.warning("%s; the keys had before stay good", str(error).replace("\n ", ":"))

    def _fetch(self) -> jwt.PyJWKSet:
        self._asked = time.monotonic()
        try:
            return jwt.PyJWKSet.from_dict(json.loads(_read(self._terms.keys)))
        except (OSError, ValueError, jwt.PyJWTError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            remedy = "Give an https address or a file with the issuer's JWKS to --jwt-keys."
            raise KeysUnavailable(f"{self._terms.keys}\n  holds no keys: {reason}.\n  {remedy}") from error


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _read(keys: str) -> bytes:
    if "://" not in keys:
        return Path(keys).read_bytes()
    if not keys.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise ValueError("only https is safe for keys")
    with build_opener(_NoRedirects).open(Request(keys), timeout=FETCH_SECONDS) as answer:  # noqa: S310  checked above
        content: bytes = answer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError("it is too large")
    return content
