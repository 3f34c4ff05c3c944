"""Requests for one model that run as one, and are answered as if each had run alone."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from modelport_server.errors import Fault, Rejected
from modelport_server.tensors import Array, as_array

Feeds = dict[str, Array]
Run = Callable[[Feeds, list[str]], list[Array]]


class Job(ABC):
    """A request that waits.

    Attributes:
        future: where its answer is set.
        loop: in which that is done, from another thread; None: at once, in the one that runs.
        deadline: the time, by `time.monotonic`, from which on nobody wants the answer.
        rows: how many it has; 0 where it cannot be joined with others.
        kind: what those have in common that can be joined.
    """

    __slots__ = ("deadline", "future", "kind", "loop", "rows")

    def __init__(
        self, future: Any, loop: asyncio.AbstractEventLoop | None, deadline: float | None, rows: int, kind: object
    ):  # fmt: skip
        self.future, self.loop, self.deadline, self.rows, self.kind = future, loop, deadline, rows, kind

    @abstractmethod
    def alone(self, run: Run) -> Any:
        """The answer."""

    @abstractmethod
    def together(self, run: Run, jobs: Sequence[Any]) -> Iterable[Any]:
        """The answers to `jobs`, of which this is one, in their order."""

    def is_wanted(self) -> bool:
        """Whether somebody waits for the answer; who waits too long is told so."""
        if self.future.done():
            return False
        if self.deadline is None or time.monotonic() < self.deadline:
            return True
        settle([(self, Rejected(Fault.LATE, "the model did not come to this request in time"))])
        return False


class ArraysJob(Job):
    """A request in arrays, to be answered in arrays."""

    __slots__ = ("feeds", "outputs")

    def __init__(
        self,
        feeds: Feeds,
        outputs: list[str],
        future: Any,
        loop: asyncio.AbstractEventLoop | None = None,
        deadline: float | None = None,
    ):
        shapes = [array.shape for array in feeds.values()]
        sizes = {shape[:1] for shape in shapes}
        rows = sum(sizes.pop()) if len(sizes) == 1 else 0
        super().__init__(future, loop, deadline, rows, (*outputs, *feeds, *[shape[1:] for shape in shapes]))
        self.feeds, self.outputs = feeds, outputs

    def alone(self, run: Run) -> list[Array]:
        """See Job."""
        return run(self.feeds, self.outputs)

    def together(self, run: Run, jobs: Sequence[ArraysJob]) -> Iterator[list[Array]]:
        """See Job."""
        feeds = {name: np.concatenate([job.feeds[name] for job in jobs]) for name in self.feeds}
        arrays = [as_array(array) for array in run(feeds, self.outputs)]
        end = 0
        for job in jobs:
            start, end = end, end + job.rows
            yield [array[start:end] for array in arrays]


def next_group(waiting: deque[Job], most: int) -> list[Job]:
    """Take from `waiting` what can run as one with the first of them, up to `most` rows; the others stay in order."""
    first = waiting.popleft()
    jobs, rows, rest = [first], first.rows, deque[Job]()
    while waiting and rows and rows < most:
        job = waiting.popleft()
        if job.rows and job.kind == first.kind and rows + job.rows <= most:
            jobs.append(job)
            rows += job.rows
        else:
            rest.append(job)
    waiting.extendleft(reversed(rest))
    return jobs


def answer_alone(run: Run, job: Job) -> None:
    """Run one job, and settle it at once."""
    _set([(job, _alone(run, job))])


def answer(run: Run, jobs: list[Job]) -> None:
    """Run the jobs as one, and settle each; what fails together runs apart, so that one's fault is its own."""
    if len(jobs) == 1:
        settle([(jobs[0], _alone(run, jobs[0]))])
        return
    try:
        answers: list[Any] = list(jobs[0].together(run, jobs))
    except Exception:
        answers = [_alone(run, job) for job in jobs]
    settle(list(zip(jobs, answers, strict=True)))


def settle(answers: list[tuple[Job, Any]]) -> None:
    """Give each job its arrays or its exception: to the tasks of a loop in one go, as each call wakes it."""
    loops = {job.loop for job, _ in answers}
    if loops == {None}:
        _set(answers)
        return
    for loop in loops:
        own = [(job, answer) for job, answer in answers if job.loop is loop]
        if loop is None:
            _set(own)
            continue
        with suppress(RuntimeError):  # it is closed, and nobody waits any more
            loop.call_soon_threadsafe(_set, own)


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


def _alone(run: Run, job: Job) -> Any:
    try:
        return job.alone(run)
    except Exception as error:
        return error


def _set(answers: list[tuple[Job, Any]]) -> None:
    for job, answer in answers:
        try:
            if isinstance(answer, BaseException):
                job.future.set_exception(answer)
            else:
                job.future.set_result(answer)
        except asyncio.InvalidStateError:  # nobody waits any more
            continue


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
