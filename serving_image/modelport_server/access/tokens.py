"""Bearer tokens that whoever runs the server has put into a file, which may change while it runs."""

from __future__ import annotations

import hmac
import logging
import time
from hashlib import sha256
from pathlib import Path

from modelport_server.errors import ServerError

LOOK_SECONDS = 1.0  # between two looks at the file
FEWEST_CHARACTERS = 16

log = logging.getLogger(__name__)


class TokensUnusable(ServerError):
    """The file holds no tokens that can be used."""


class Tokens:
    """The tokens in `file`, one a line. A secret that is mounted may be exchanged: old and new go side by side."""

    def __init__(self, file: Path):
        """Read them.

        Raises:
            TokensUnusable: there are none, or one is so short that it could be guessed.
        """
        self._file, self._looked = file, time.monotonic()
        self._digests, self._changed = self._read(), self._stamp()

    def hold(self, token: str) -> bool:
        """Whether it is one of them. Takes as long for a wrong one, whatever part of it is right."""
        self._look()
        given = sha256(token.encode()).digest()
        return sum(hmac.compare_digest(given, known) for known in self._digests) > 0

    def _look(self) -> None:
        """Take up what has changed; while the file cannot be used, what was read last is good."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        if (stamp := self._stamp()) == self._changed:
            return
        try:
            self._digests, self._changed = self._read(), stamp
            log.info("%s has changed: it holds %d tokens", self._file, len(self._digests))
        except TokensUnusable as error:
            self._changed = stamp
            log.warning("%s; the tokens read before stay good", str(error).replace("\n ", ":"))

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _read(self) -> list[bytes]:
        try:
            lines = self._file.read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise TokensUnusable(f"{self._file}\n  cannot be read: {reason}.\n  Put a token a line into it.") from error
        if not lines:
            raise TokensUnusable(
                f"{self._file}\n  holds no token.\n  Put one a line into it, or take --token-file away."
            )
        if any(len(line) < FEWEST_CHARACTERS for line in lines):
            problem = f"holds a token of less than {FEWEST_CHARACTERS} characters."
            raise TokensUnusable(f"{self._file}\n  {problem}\n  Make tokens with: openssl rand -hex 32")
        return [sha256(line.encode()).digest() for line in lines]
