"""A thread that runs a model, several requests at once where it takes them so.

It takes what is waiting the moment it is free. It waits only after a run of several, for as many again, and at most a
twentieth of what a run usually takes: a client alone never waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modelport_server.tensors import Array, as_array

REFILL_SHARE = 0.05  # of a run: more of it costs latency at low load and gains nothing at high load

Feeds = dict[str, Array]
Run = Callable[[Feeds, list[str]], list[Array]]
Kind = tuple[Any, ...]


@dataclass(eq=False, slots=True)
class Job:
    """A request; its answer is set in the loop, or where there is none, at once."""

    feeds: Feeds
    outputs: list[str]
    future: Any
    loop: asyncio.AbstractEventLoop | None
    rows: int = field(init=False)
    kind: Kind = field(init=False)

    def __post_init__(self) -> None:
        shapes = [array.shape for array in self.feeds.values()]
        sizes = {shape[0] if shape else 0 for shape in shapes}
        self.rows = sizes.pop() if len(sizes) == 1 else 0  # none: it cannot be joined with others
        self.kind = (*self.outputs, *self.feeds, *(shape[1:] for shape in shapes))


class Runner:
    """Runs `run` in a thread of its own; `usual_seconds` says what that takes, `most` how many rows it joins."""

    def __init__(self, name: str, run: Run, usual_seconds: Callable[[], float], most: int):
        self._run, self._usual_seconds, self._most = run, usual_seconds, most
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def infer(self, feeds: Feeds, outputs: list[str]) -> list[Array]:
        """The outputs, for a task. Raises what the run raises."""
        loop = asyncio.get_running_loop()
        job = Job(feeds, outputs, loop.create_future(), loop)
        self._put(job)
        arrays: list[Array] = await job.future
        return arrays

    def infer_here(self, feeds: Feeds, outputs: list[str]) -> list[Array]:
        """As `infer`, for a thread that may wait."""
        future: Future[list[Array]] = Future()
        self._put(Job(feeds, outputs, future, None))
        return future.result()

    def _put(self, job: Job) -> None:
        with self._changed:
            self._waiting.append(job)
            self._changed.notify()

    def _serve(self) -> None:
        last = 1
        while True:
            jobs = self._take(last)
            last = len(jobs)
            self._answer(jobs)

    def _take(self, last: int) -> list[Job]:
        """The next requests that can run as one."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            if last > 1 and len(self._waiting) < last:
                self._changed.wait_for(lambda: len(self._waiting) >= last, self._usual_seconds() * REFILL_SHARE)
            first = self._waiting.popleft()
            jobs, rows, rest = [first], first.rows, deque[Job]()
            while self._waiting and rows and rows < self._most:
                job = self._waiting.popleft()
                if job.rows and job.kind == first.kind and rows + job.rows <= self._most:
                    jobs.append(job)
                    rows += job.rows
                else:
                    rest.append(job)
            self._waiting.extendleft(reversed(rest))
        return jobs

    def _answer(self, jobs: list[Job]) -> None:
        if len(jobs) == 1:
            _settle([(jobs[0], self._alone(jobs[0]))])
            return
        try:
            answers: list[Any] = list(self._together(jobs))
        except Exception:  # of one among them, whose fault the others shall not bear
            answers = [self._alone(job) for job in jobs]
        _settle(list(zip(jobs, answers, strict=True)))

    def _alone(self, job: Job) -> Any:
        try:
            return self._run(job.feeds, job.outputs)
        except Exception as error:
            return error

    def _together(self, jobs: list[Job]) -> list[list[Array]]:
        feeds = {name: np.concatenate([job.feeds[name] for job in jobs]) for name in jobs[0].feeds}
        ends = np.cumsum([job.rows for job in jobs])[:-1]
        parts = [np.split(as_array(array), ends) for array in self._run(feeds, jobs[0].outputs)]
        return [list(each) for each in zip(*parts, strict=True)]


def takes_batches(run: Run, feeds: Feeds, outputs: list[str]) -> bool:
    """Whether a model answers two requests joined as it answers each: asked with a sample, and with another from it."""
    if any(not array.ndim or not len(array) for array in feeds.values()) or len({len(a) for a in feeds.values()}) != 1:
        return False
    other = {name: _other(array) for name, array in feeds.items()}
    if all(np.array_equal(feeds[name], other[name]) for name in feeds):
        return False  # nothing would show that one request changes another
    joined = {name: np.concatenate([feeds[name], other[name]]) for name in feeds}
    try:
        apart = [run(feeds, outputs), run(other, outputs)]
        together = run(joined, outputs)
    except Exception:
        return False
    return all(_same(map(as_array, pair), as_array(whole)) for *pair, whole in zip(*apart, together, strict=True))


def _other(array: Array) -> Array:
    """As many values of the same kind, but others where there are others: each a step further, and half as large."""
    rolled = np.roll(array, 1)
    return rolled / 2 if array.dtype.kind == "f" else rolled


def _same(parts: Any, whole: Array) -> bool:
    parts = list(parts)
    if any(not part.ndim for part in parts) or whole.shape != (sum(map(len, parts)), *parts[0].shape[1:]):
        return False
    if parts[0].shape[1:] != parts[1].shape[1:]:
        return False
    expected = np.concatenate(parts)
    if whole.dtype.kind != "f":
        return bool(np.array_equal(whole, expected))
    return bool(np.allclose(whole, expected, rtol=1e-3, atol=1e-5, equal_nan=True))


def _settle(answers: list[tuple[Job, Any]]) -> None:
    """Give the answers: to tasks in one go, as each call wakes their loop."""
    loops = {job.loop for job, _ in answers if job.loop}
    for loop in loops:
        with suppress(RuntimeError):  # it is closed, and nobody waits any more
            loop.call_soon_threadsafe(_set, [(job, answer) for job, answer in answers if job.loop is loop])
    _set([(job, answer) for job, answer in answers if job.loop is None])


def _set(answers: list[tuple[Job, Any]]) -> None:
    for job, answer in answers:
        if job.future.done():  # nobody waits any more
            continue
        if isinstance(answer, BaseException):
            job.future.set_exception(answer)
        else:
            job.future.set_result(answer)
