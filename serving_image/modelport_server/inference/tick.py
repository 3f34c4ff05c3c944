"""What comes in one pass of the event loop runs as one: for models so quick that a thread would cost more."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable

from modelport_server.inference import joining
from modelport_server.inference.joining import Feeds, Job, Run
from modelport_server.tensors import Array


class Tick:
    """Collects requests until the loop has read all that is there, and runs them then and there."""

    def __init__(self, run: Run, most_rows: int):
        self._run, self._most_rows = run, most_rows
        self._waiting: deque[Job] = deque()

    def infer(self, feeds: Feeds, outputs: list[str]) -> Awaitable[list[Array]]:
        """The outputs. Raises what the run raises."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._flush)
        future = loop.create_future()
        self._waiting.append(Job(feeds, outputs, future))
        return future

    def _flush(self) -> None:
        waiting = deque(job for job in self._waiting if job.is_wanted())
        self._waiting.clear()
        while waiting:
            joining.answer(self._run, joining.next_group(waiting, self._most_rows))
