from __future__ import annotations

import time

from modelport.providers.crud import Say

SAY_AFTER_SECONDS = 2
MEGABYTE = 1_000_000


class Progress:
    """Tells now and then how much of something is there."""

    def __init__(self, what: str, total: int, say: Say):
        self._what, self._total, self._say = what, total, say
        self._done, self._said = 0, time.monotonic()

    def reached(self, part: int) -> None:
        """So many bytes of what is being sent are there."""
        if time.monotonic() - self._said > SAY_AFTER_SECONDS:
            self._said = time.monotonic()
            there = (self._done + part) / MEGABYTE
            self._say(f"{self._what}: {there:.0f} of {self._total / MEGABYTE:.0f} MB are there")

    def advance(self, count: int) -> None:
        """What is being sent is there, with so many bytes."""
        self._done += count
        self.reached(0)
