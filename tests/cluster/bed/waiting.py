"""Waiting for what a cluster brings about by itself."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LONGEST = 90  # seconds
PAUSE = 0.1


def until(ask: Callable[[], T], seconds: float = LONGEST) -> T:
    """Ask until the answer is true; gives it.

    Raises:
        AssertionError: time is up, with the last answer.
    """
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds} s"
        time.sleep(PAUSE)
    return answer
