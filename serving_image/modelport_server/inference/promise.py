from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any


class Promise:
    """A future whose waiters go on the moment it is set, and not a pass of the event loop later.

    For who sets it from a callback of the loop, not from a task, as its waiters run right there. Tasks can
    wait for it.
    """

    __slots__ = ("_asyncio_future_blocking", "_callbacks", "_error", "_is_done", "_result")

    def __init__(self) -> None:
        self._asyncio_future_blocking = self._is_done = False
        self._callbacks: list[Callable[[Promise], object]] = []
        self._result: Any = None
        self._error: BaseException | None = None

    def __await__(self) -> Generator[Promise, None, Any]:
        if not self._is_done:
            self._asyncio_future_blocking = True
            yield self
        return self.result()

    def set_result(self, result: Any) -> None:
        """Wake the waiters with a result; raises InvalidStateError where there is one already, as all that set do."""
        self._finish(result, None)

    def set_exception(self, error: BaseException) -> None:
        """Wake the waiters with an exception."""
        self._finish(None, error)

    def cancel(self, msg: object = None) -> bool:
        """Wake the waiters with CancelledError in the loop's next pass, unless it is set; whether that was so."""
        if self._is_done:
            return False
        callbacks, self._callbacks = self._callbacks, []
        self._finish(None, asyncio.CancelledError())
        for callback in callbacks:  # whoever cancels may be a task
            self.get_loop().call_soon(callback, self)
        return True

    def done(self) -> bool:
        """Whether it is set or cancelled."""
        return self._is_done

    def cancelled(self) -> bool:
        """Whether it is cancelled."""
        return isinstance(self._error, asyncio.CancelledError)

    def exception(self) -> BaseException | None:
        """What was set instead of a result."""
        if self.cancelled():
            raise asyncio.CancelledError
        return self._error

    def result(self) -> Any:
        """What was set; raises it where that is an exception."""
        if not self._is_done:
            raise asyncio.InvalidStateError("nothing is set")
        if self._error is not None:
            raise self._error
        return self._result

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop in which it is set: the one that runs."""
        return asyncio.get_running_loop()  # a system call, so only where it is needed

    def add_done_callback(self, callback: Callable[[Promise], object], *, context: Context | None = None) -> None:
        """Call `callback` when it is set, in `context` where one is given."""
        call = callback if context is None else lambda promise: context.run(callback, promise)
        if self._is_done:
            self.get_loop().call_soon(call, self)
        else:
            self._callbacks.append(call)

    def _finish(self, result: Any, error: BaseException | None) -> None:
        if self._is_done:
            raise asyncio.InvalidStateError("it is set already")
        self._result, self._error, self._is_done = result, error, True
        for callback in self._callbacks:
            callback(self)
