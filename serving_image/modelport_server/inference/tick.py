"""What comes in one pass of the event loop is answered as one: for models so quick that a thread would cost more.

After a pause a request is answered at once: there is nobody to wait for.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from modelport_server.inference import joining
from modelport_server.inference.joining import Feeds, Job, Run
from modelport_server.inference.promise import Promise
from modelport_server.tensors import Array

PAUSE_SECONDS = 1e-3

Asked = TypeVar("Asked")


class Pass(Generic[Asked]):
    """Collects what is asked until the loop has read all that is there, and has it answered then and there."""

    def __init__(self, answer: Callable[[list[Asked]], object]):
        self._answer = answer
        self._waiting: list[Asked] = []
        self._last = 0.0

    def add(self, asked: Asked) -> None:
        """Answer this with the others."""
        before, self._last = self._last, time.perf_counter()
        if self._waiting:
            self._waiting.append(asked)
        elif self._last - before > PAUSE_SECONDS:
            self._answer([asked])
        else:
            self._waiting.append(asked)
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._answer(waiting)
        self._last = time.perf_counter()


class Tick:
    """Runs the requests of one pass together."""

    def __init__(self, run: Run, most_rows: int):
        self._run, self._most_rows = run, most_rows
        self._pass = Pass(self._answer)

    def infer(self, feeds: Feeds, outputs: list[str]) -> Awaitable[list[Array]]:
        """The outputs. Raises what the run raises."""
        promise = Promise()
        self._pass.add(Job(feeds, outputs, promise))
        return promise

    def _answer(self, jobs: list[Job]) -> None:
        waiting = deque(job for job in jobs if job.is_wanted())
        while waiting:
            joining.answer(self._run, joining.next_group(waiting, self._most_rows))
