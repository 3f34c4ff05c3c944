"""Ctrl-C: once to stop in good order, twice to stop at once."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ONCE = """^C received; cancelling. If you would like to terminate immediately, press ^C again.
Note that terminating immediately may lead to orphaned resources and other inconsistencies.
"""
TWICE = "^C received; terminating"


class Terminated(BaseException):
    """The user pressed Ctrl-C twice."""


@contextmanager
def handled(cancel: Callable[[], None], terminate: Callable[[], None], say: Callable[[str], None]) -> Iterator[None]:
    """In the main thread: call `cancel` at the first SIGINT or SIGTERM in the block, `terminate` at the second.

    `say` tells the user what that means.
    """
    calls = iter([(ONCE, cancel), (TWICE, terminate)])

    def on_signal() -> None:
        message, call = next(calls, ("", lambda: None))
        if message:
            say(message)
        call()

    loop = asyncio.get_running_loop()
    mine = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    for each in mine:
        loop.add_signal_handler(each, on_signal)
    try:
        yield
    finally:
        for each in mine:
            loop.remove_signal_handler(each)
