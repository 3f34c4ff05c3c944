"""A span for each request that may run a model, and within it one each for reading, running and writing.

The caller's context comes in `traceparent` (W3C Trace Context), or as OTEL_PROPAGATORS says; sampling is the parent's
decision, or that of OTEL_TRACES_SAMPLER. Importing this needs the extra `otlp`.
"""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from opentelemetry import propagate
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, format_trace_id, set_span_in_context

from modelport_server.observe.context import Headers

if TYPE_CHECKING:
    from modelport_server.errors import Fault
    from modelport_server.observe.seen import Seen


class Traces:
    """Sends spans of `resource` in batches, in a thread."""

    def __init__(self, resource: Resource):
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("modelport-server", version("modelport-server"))

    def request(self, route: str, headers: Headers) -> RequestSpan:
        """A request begins."""
        said = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        span = self._tracer.start_span(route, propagate.extract(said), SpanKind.SERVER, start_time=time.time_ns())
        return RequestSpan(self._tracer, span)

    def close(self) -> None:
        """Send what is waiting."""
        self._provider.shutdown()


class RequestSpan:
    """The span of a request.

    Attributes:
        trace_id: of the trace that it is part of.
    """

    def __init__(self, tracer: Tracer, span: Span):
        self.trace_id = format_trace_id(span.get_span_context().trace_id)
        self._tracer, self._span = tracer, span
        self._started = time.time_ns()
        self._ran: tuple[int, int] | None = None

    def inferred(self, seen: Seen) -> None:
        """The model has run."""
        started = int(seen.started * 1e9)
        self._ran = started, started + int(seen.seconds * 1e9)
        bundle = seen.model.bundle
        self._span.set_attribute("modelport.model.name", bundle.name)
        self._span.set_attribute("modelport.model.version", bundle.version)
        if seen.id:
            self._span.set_attribute("modelport.inference.id", seen.id)

    def end(self, status: int, fault: Fault | None) -> None:
        """The answer is ready."""
        now = time.time_ns()
        self._span.set_attribute("http.response.status_code", status)
        if fault:
            self._span.set_attribute("error.type", fault.code)
        if status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))
        if self._ran and self._span.is_recording():
            inside = set_span_in_context(self._span)
            started, ended = self._ran
            for name, begin, end in (
                ("decode", self._started, started),
                ("infer", started, ended),
                ("encode", ended, now),
            ):
                self._tracer.start_span(name, inside, start_time=begin).end(max(begin, end))
        self._span.end(now)
