"""Where every inference passes that is watched, whatever wire it came on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelport_server.errors import Fault, Rejected
from modelport_server.observe.context import ANSWER_ID, Headers, given_id, inference_id, trace_id
from modelport_server.observe.metrics import Family
from modelport_server.observe.seen import Seen

if TYPE_CHECKING:
    from modelport_server.inference.model import Model
    from modelport_server.observe.capture import Capture
    from modelport_server.observe.drift import Drift
    from modelport_server.observe.traces import RequestSpan, Traces
    from modelport_server.tensors import Array, Inference


class Observer:
    """Shows each inference to those who watch."""

    def __init__(self, capture: Capture | None, drift: Drift | None, traces: Traces | None):
        self.capture, self.drift, self.traces = capture, drift, traces

    def begin(self, route: str, headers: Headers) -> Call:
        """A request begins that may run a model."""
        return Call(self, route, headers)

    def families(self) -> list[Family]:
        """The metrics of those who watch."""
        return [family for source in (self.capture, self.drift) if source for family in source.families()]


class Call:
    """A request that may run a model."""

    __slots__ = ("_given", "_id", "_observer", "_route", "_span", "_trace_id")

    def __init__(self, observer: Observer, route: str, headers: Headers):
        self._observer, self._route = observer, route
        self._given = given_id(headers)
        self._id = ""
        self._span: RequestSpan | None = observer.traces.request(route, headers) if observer.traces else None
        self._trace_id = self._span.trace_id if self._span else trace_id(headers)

    async def infer(self, model: Model, asked: Inference, deadline: float) -> list[Array]:
        """As `model.infer`."""
        with self._watching(model, asked) as seen:
            seen.arrays = await model.infer(asked.feeds, asked.outputs, deadline)
        return seen.arrays

    def names(self) -> dict[str, str | None]:
        """What the log says about the request beside its message."""
        return {"inference_id": self._id or self._given, "trace_id": self._trace_id}

    def end(self, status: int, fault: Fault | None) -> tuple[tuple[bytes, bytes], ...]:
        """The answer is ready; gives the headers to add to it."""
        if self._span:
            self._span.end(status, fault)
        return ((ANSWER_ID, self._id.encode()),) if self._id else ()

    @contextmanager
    def _watching(self, model: Model, asked: Inference) -> Iterator[Seen]:
        if self._observer.capture:
            self._id = inference_id(self._given, asked.id)
        seen = Seen(model, asked, self._id, self._route, self._trace_id, time.time())
        before = time.perf_counter()
        try:
            yield seen
        except Exception as error:  # and not when the client is gone: nothing is known of such an inference
            seen.code = error.fault.code if isinstance(error, Rejected) else Fault.INTERNAL.code
            raise
        finally:
            seen.seconds = time.perf_counter() - before
            if seen.code or seen.arrays:
                self._show(seen)

    def _show(self, seen: Seen) -> None:
        if self._span:
            self._span.inferred(seen)
        if self._observer.capture:
            self._observer.capture.inference(seen)
        if self._observer.drift:
            self._observer.drift.inference(seen)
