"""What comes in one pass of the event loop runs as one: for models so quick that a thread would cost more.

After a pause a request runs at once: there is nobody to wait for.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable

from modelport_server.inference import joining
from modelport_server.inference.joining import ArraysJob, Feeds, Job, Run
from modelport_server.inference.promise import Promise
from modelport_server.tensors import Array

PAUSE_SECONDS = 1e-3


class Tick:
    """Collects requests until the loop has read all that is there, and runs them then and there."""

    def __init__(self, run: Run, most_rows: int):
        self._run, self._most_rows = run, most_rows
        self._waiting: list[Job] = []
        self._last = 0.0

    def infer(self, feeds: Feeds, outputs: list[str]) -> Awaitable[list[Array]]:
        """The outputs. Raises what the run raises."""
        promise = Promise()
        self.add(ArraysJob(feeds, outputs, promise))
        return promise

    def add(self, job: Job) -> None:
        """Answer it with the others."""
        before, self._last = self._last, time.perf_counter()
        if self._waiting:
            self._waiting.append(job)
        elif self._last - before > PAUSE_SECONDS:
            joining.answer_alone(self._run, job)
        else:
            self._waiting.append(job)
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        waiting, self._waiting = deque(job for job in self._waiting if job.is_wanted()), []
        while waiting:
            joining.answer(self._run, joining.next_group(waiting, self._most_rows))
        self._last = time.perf_counter()
