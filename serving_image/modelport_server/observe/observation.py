"""The life of all that watches: made before the models are loaded, closed after the last request."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from modelport_server.observe import otlp
from modelport_server.observe.observer import Observer
from modelport_server.observe.options import Watching
from modelport_server.observe.periodic import Periodic

if TYPE_CHECKING:
    from modelport_server.app import Application
    from modelport_server.bundle import Bundle
    from modelport_server.observe.capture import Capture
    from modelport_server.observe.drift import Drift
    from modelport_server.observe.sink import RotatingFile, StandardOutput

INTERVAL = "OTEL_METRIC_EXPORT_INTERVAL"  # milliseconds

log = logging.getLogger(__name__)


class Observation:
    """What is watched of an application, and where it goes. What nobody has asked for is not even imported.

    Raises:
        ServerError: something that was asked for cannot be had.
    """

    def __init__(self, watching: Watching, app: Application):
        self._watching, self._app = watching, app
        self._periodic: list[Periodic] = []
        self._closing: list[Callable[[], None]] = []
        if watching.otlp:
            os.environ[otlp.ENDPOINT] = watching.otlp
        self._signals = otlp.signals(os.environ)
        self._resource = otlp.resource() if self._signals else None
        self._capture, self._drift = self._make_capture(), self._make_drift()
        traces = None
        if self._resource and "traces" in self._signals:
            from modelport_server.observe.traces import Traces

            traces = Traces(self._resource)
            self._closing.append(traces.close)
        if self._capture or self._drift or traces:
            app.observer = Observer(self._capture, self._drift, traces)

    def start(self, bundles: Iterable[Bundle]) -> None:
        """Watch the models that are about to serve.

        Raises:
            ServerError: what was asked for does not fit them.
        """
        bundles = list(bundles)
        if self._capture:
            self._capture.take(bundles)
        if self._drift:
            self._drift.take(bundles)
        if self._watching.emf:
            from modelport_server.observe.emf import Emf
            from modelport_server.observe.sink import StandardOutput

            emf = Emf(self._app.families, StandardOutput(), self._watching.emf_namespace)
            self._periodic.append(Periodic("emf", self._watching.emf, emf.write))
        if self._resource and "metrics" in self._signals:
            from modelport_server.observe.push import Push

            push = Push(self._app.families, self._resource)
            self._periodic.append(Periodic("otlp", _interval(), push.send))
            self._closing.append(push.close)

    def close(self, limit: float) -> None:
        """Let go of what is still to be written or sent, for at most `limit` seconds."""
        end = time.monotonic() + limit

        def left() -> float:
            return max(end - time.monotonic(), 0.0)

        if self._drift:
            self._drift.close(left())
        for periodic in self._periodic:
            periodic.close(left())
        if self._capture:
            self._capture.close(left())
        closing = [threading.Thread(target=close, daemon=True) for close in self._closing]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(left())

    def _make_capture(self) -> Capture | None:
        if (where := self._watching.capture) is None:
            return None
        from modelport_server.observe.capture import Capture
        from modelport_server.observe.sink import RotatingFile, StandardOutput

        most = self._watching.capture_disk
        sink: RotatingFile | StandardOutput = StandardOutput() if where == "stdout" else RotatingFile(Path(where), most)
        watching = self._watching
        return Capture(sink, watching.capture_sample, watching.capture_redact, watching.capture_max_bytes)

    def _make_drift(self) -> Drift | None:
        if self._watching.drift is None:
            return None
        from modelport_server.observe.drift import Drift

        return Drift(self._watching.drift, self._watching.drift_window)


def _interval() -> float:
    """Seconds between two sendings, as the standard variable says."""
    text = os.environ.get(INTERVAL, "")
    return max(int(text), 100) / 1000 if text.isdecimal() else 60.0
