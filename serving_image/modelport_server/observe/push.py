"""Metrics over OTLP, for clouds that scrape nothing. Importing this needs the extra `otlp`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import export
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from modelport_server.observe.metrics import Family, Histogram, Labels

UNITS = {"seconds": "s", "bytes": "By", "": "1"}


class Push:
    """Sends metrics of `resource`, cumulative since the server's start; `collect` gives them as they stand."""

    def __init__(self, collect: Callable[[], Iterable[Family]], resource: Resource):
        self._collect, self._resource = collect, resource
        self._exporter = OTLPMetricExporter()
        self._scope = InstrumentationScope("modelport-server", version("modelport-server"))
        self._started = time.time_ns()

    def send(self) -> None:
        """Send them now."""
        now = time.time_ns()
        metrics = [self._metric(family, now) for family in self._collect() if family.samples]
        scoped = export.ScopeMetrics(self._scope, metrics, "")
        self._exporter.export(export.MetricsData([export.ResourceMetrics(self._resource, [scoped], "")]))

    def close(self) -> None:
        """Send no more."""
        self._exporter.shutdown()

    def _metric(self, family: Family, now: int) -> export.Metric:
        return export.Metric(family.name, family.text, UNITS[family.unit], self._data(family, now))

    def _data(self, family: Family, now: int) -> export.DataT:
        cumulative = export.AggregationTemporality.CUMULATIVE
        if family.kind == "histogram":
            return export.Histogram([self._histogram(*sample, now) for sample in family.samples], cumulative)
        points = [
            export.NumberDataPoint(_attributes(labels), self._started, now, value)
            for labels, value in family.samples
            if not isinstance(value, Histogram)
        ]
        return export.Gauge(points) if family.kind == "gauge" else export.Sum(points, cumulative, is_monotonic=True)

    def _histogram(self, labels: Labels, value: float | Histogram, now: int) -> export.HistogramDataPoint:
        assert isinstance(value, Histogram)
        counts = list(value.counts)
        return export.HistogramDataPoint(
            attributes=_attributes(labels),
            start_time_unix_nano=self._started,
            time_unix_nano=now,
            count=sum(counts),
            sum=value.total,
            bucket_counts=counts,
            explicit_bounds=value.bounds,
            min=None,  # type: ignore[arg-type]
            max=None,  # type: ignore[arg-type]
        )


def _attributes(labels: Labels) -> dict[str, str]:
    return {name: str(value) for name, value in labels.items()}
