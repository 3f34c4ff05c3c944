"""How long a store is asked again whose transfers break off."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from modelport_server.bundle.sources.store import Interrupted, SourceError

ATTEMPTS = 6  # in a row without a byte more
LONGEST_PAUSE = 8.0
LONGEST_WISH = 120.0  # that a store is granted to be left alone

T = TypeVar("T")


class Patience:
    """Pauses after each interruption, longer every time; ends after several in a row without progress."""

    def __init__(self, what: Path | str):
        self._what = what
        self._failures = 0

    def bear(self, error: Interrupted, *, progressed: bool = False) -> None:
        """Wait before the next attempt.

        Raises:
            SourceError: there have been enough.
        """
        self._failures = 1 if progressed else self._failures + 1
        if self._failures == ATTEMPTS:
            problem = f"the transfer broke off {self._failures} times without a byte: {error}."
            raise SourceError(self._what, problem, "Run again to go on from there.") from error
        pause = min(2**self._failures / 4, LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311
        time.sleep(max(pause, min(error.after, LONGEST_WISH)))


def patiently(what: Path | str, attempt: Callable[[], T]) -> T:
    """What an attempt gives that does not break off.

    Raises:
        SourceError: none does.
    """
    patience = Patience(what)
    while True:
        try:
            return attempt()
        except Interrupted as error:
            patience.bear(error)
