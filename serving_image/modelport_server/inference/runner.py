"""A thread that runs a model, several requests at once where it takes them so.

It takes what is waiting the moment it is free. It waits only after a run of several, for those who were answered to ask
again, for a twentieth of what a run usually takes, and again while some come: a client alone never waits, unless told
to by a delay.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from modelport_server.errors import Fault, Rejected
from modelport_server.inference import joining
from modelport_server.inference.joining import ArraysJob, Feeds, Job, Run
from modelport_server.inference.promise import Promise
from modelport_server.tensors import Array

REFILL_SHARE = 0.05  # of a run: more of it costs latency at low load
MOST_REFILLS = 4


@dataclass(frozen=True)
class Limits:
    """How requests wait for a model and run together.

    Attributes:
        most_rows: rows of requests that run as one; 1: none are joined.
        delay: seconds that a run that is not full waits for more.
        queue: requests that wait; what comes beyond them is refused at once.
    """

    most_rows: int = 32
    delay: float = 0.0
    queue: int = 1000


class Runner:
    """Runs `run` in a thread of its own; `usual_seconds` says what that takes."""

    def __init__(self, name: str, run: Run, usual_seconds: Callable[[], float], limits: Limits):
        self._run, self._usual_seconds, self._limits = run, usual_seconds, limits
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._wanted = 1  # requests for which the thread is woken
        self._has_written = True
        self._loop: asyncio.AbstractEventLoop | None = None  # of the request that came last
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """The requests that have not begun to run."""
        return len(self._waiting)

    def infer(self, feeds: Feeds, outputs: list[str], deadline: float | None = None) -> Awaitable[list[Array]]:
        """The outputs, for a task. Raises what the run raises.

        Raises:
            Rejected: too many requests wait, or the model did not come to this one before its deadline.
        """
        promise = Promise()
        self.add(ArraysJob(feeds, outputs, promise, asyncio.get_running_loop(), deadline))
        return promise

    def add(self, job: Job) -> None:
        """Answer it with the others.

        Raises:
            Rejected: too many requests wait.
        """
        with self._changed:
            if len(self._waiting) >= self._limits.queue:
                seconds = math.ceil(self._usual_seconds() * len(self._waiting) / self._limits.most_rows)
                raise Rejected(Fault.OVERLOADED, f"{len(self._waiting)} requests wait already", retry_after=seconds)
            self._waiting.append(job)
            self._loop = job.loop
            if len(self._waiting) >= self._wanted:
                self._changed.notify()

    def _serve(self) -> None:
        last = 1
        while True:
            jobs = self._take(last)
            last = len(jobs)
            if wanted := [job for job in jobs if job.is_wanted()]:
                joining.answer(self._run, wanted)
                self._look_for_writing()

    def _look_for_writing(self) -> None:
        """Note when the loop has written what it was just given."""
        with self._changed:
            loop = self._loop
            self._has_written = loop is None
        if loop:
            with suppress(RuntimeError):  # it is closed, and nobody waits any more
                loop.call_soon_threadsafe(self._note_written)

    def _note_written(self) -> None:
        with self._changed:
            self._has_written = True
            self._changed.notify()

    def _take(self, last: int) -> list[Job]:
        """The next requests that can run as one."""
        with self._changed:
            if last > 1 and not self._limits.delay:
                self._wait_for_the_answered(last)
            self._wait_for(1)
            if self._limits.delay:
                self._wait_for_a_full_run()
            return joining.next_group(self._waiting, self._limits.most_rows)

    def _wait_for(self, count: int, seconds: float | None = None) -> bool:
        """Wait until so many requests wait, woken when they do; whether they do."""
        self._wanted = count
        return self._changed.wait_for(lambda: len(self._waiting) >= count, seconds)

    def _wait_for_the_answered(self, answered: int) -> None:
        """Wait for who was answered to come again, to those who came meanwhile: or each half would run for itself."""
        most, seconds = self._limits.most_rows, self._usual_seconds() * REFILL_SHARE
        self._wanted = everybody = min(len(self._waiting) + answered, most)
        self._changed.wait_for(lambda: self._has_written, seconds * MOST_REFILLS)
        for _ in range(MOST_REFILLS):
            before = len(self._waiting)
            is_full = before >= everybody or self._rows_waiting() >= most
            if is_full or self._wait_for(everybody, seconds) or len(self._waiting) == before:
                return

    def _wait_for_a_full_run(self) -> None:
        self._wanted = 1
        until = time.monotonic() + self._limits.delay
        self._changed.wait_for(lambda: self._rows_waiting() >= self._limits.most_rows, until - time.monotonic())

    def _rows_waiting(self) -> int:
        return sum(job.rows for job in self._waiting)
