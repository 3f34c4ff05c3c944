from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Generator
from typing import Any

from modelport_server.inference.promise import Promise


class Errand(ABC):
    """Awaits an answer without a task: the first step is taken at once, and most need no other.

    That is what a task does, less what is not used here: nothing that is awaited may ask for the current task.
    """

    __slots__ = ("_awaited", "_steps")

    def __init__(self) -> None:
        self._steps: Generator[Any, None, Any] | None = None
        self._awaited: asyncio.Future[Any] | None = None

    def _begin(self, answer: Awaitable[Any]) -> None:
        if isinstance(answer, Promise) and answer.done():
            self._finished(answer.result())
        else:
            self._steps = answer.__await__()
            self._advance()

    def _advance(self) -> None:
        assert self._steps
        try:
            awaited = self._steps.send(None)
        except StopIteration as done:
            self._steps = self._awaited = None
            self._finished(done.value)
        except asyncio.CancelledError:  # the client has gone
            self._steps = self._awaited = None
        else:
            self._awaited = awaited
            awaited._asyncio_future_blocking = False  # as a task does with the future that it waits for
            awaited.add_done_callback(self._resume)

    def _resume(self, _: object) -> None:
        self._advance()

    def _abandon(self) -> None:
        """Nobody wants the answer any more."""
        if self._awaited:
            self._awaited.cancel()

    @abstractmethod
    def _finished(self, answer: Any) -> None:
        """The answer is there."""
