"""Metrics that SageMaker writes of an endpoint's variants, each minute.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

MINUTE = 60
"""Seconds between two values."""


@dataclass(frozen=True)
class Metric:
    """A metric of a variant.

    Attributes:
        key: begins the ids of its series: a small letter first, then letters, digits and underscores.
    """

    key: str
    namespace: str
    name: str


REQUESTS, INSTANCES = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
INVOCATIONS = Metric("all", REQUESTS, "Invocations")
FAILED = Metric("failed", REQUESTS, "Invocation5XXErrors")
CALLERS_FAULT = Metric("refused", REQUESTS, "Invocation4XXErrors")
LATENCY = Metric("latency", REQUESTS, "ModelLatency")
"""Microseconds until the container has answered; what SageMaker itself adds is another metric."""
AT_ONCE = Metric("atonce", REQUESTS, "ServerlessConcurrentExecutionsUtilization")
"""Requests in work as a share of the most that a serverless variant works on."""
CPU = Metric("cpu", INSTANCES, "CPUUtilization")
"""Percent of an instance's cores; each counts for 100."""
MEMORY = Metric("memory", INSTANCES, "MemoryUtilization")
GPU = Metric("gpu", INSTANCES, "GPUUtilization")
"""Percent of an instance's GPUs; each counts for 100, as in their memory."""
GPU_MEMORY = Metric("gpumemory", INSTANCES, "GPUMemoryUtilization")


@dataclass(frozen=True)
class Series:
    """A statistic of a metric of one variant over periods of `period` seconds."""

    metric: Metric
    statistic: str
    variant: str
    period: int

    @property
    def id(self) -> str:
        """What expressions call it."""
        statistic = "".join(each for each in self.statistic.lower() if each.isalnum())
        return f"{self.metric.key}_{statistic}_{self.variant}"


@dataclass(frozen=True)
class Query:
    """A number that CloudWatch computes of some series.

    Attributes:
        expression: of metric math, by the ids of the series.
    """

    series: tuple[Series, ...]
    expression: str

    @classmethod
    def over(cls, variants: Iterable[str], metric: Metric, statistic: str, period: int, total: str = "SUM") -> Query:
        """A statistic of all variants together; `total` says how. One without requests does not silence the others."""
        series = tuple(Series(metric, statistic, variant, period) for variant in variants)
        if len(series) == 1:
            return cls(series, series[0].id)
        return cls(series, f"{total}([{', '.join(filled(each) for each in series)}])")

    def __add__(self, other: Query) -> Query:
        return self.join("+", other)

    def __sub__(self, other: Query) -> Query:
        return self.join("-", other)

    def __truediv__(self, other: Query | float) -> Query:
        if isinstance(other, Query):
            return self.join("/", other)
        return replace(self, expression=f"({self.expression} / {other:.12g})")

    def join(self, operator: str, other: Query) -> Query:
        """Both, with an operator between them."""
        series = tuple(dict.fromkeys((*self.series, *other.series)))
        return Query(series, f"({self.expression} {operator} {other.expression})")

    def only_if(self, other: Query, comparison: str, threshold: float) -> Query:
        """The number while the other one compares so, else 0."""
        series = tuple(dict.fromkeys((*self.series, *other.series)))
        return Query(series, f"IF({other.expression} {comparison} {threshold:.12g}, {self.expression}, 0)")

    def data(self, endpoint: str, label: str) -> list[dict[str, Any]]:
        """The metric data queries of an alarm: the series, and the number, which alone is looked at.

        Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
        """
        number = {"id": "value", "expression": self.expression, "label": label, "returnData": True}
        return [*({"id": each.id, "metric": _metric(each, endpoint)} for each in self.series), number]


def filled(series: Series, value: float = 0) -> str:
    """A series with a value where it has none."""
    return f"FILL({series.id}, {value:g})"


def dimensions(endpoint: str, variant: str) -> Mapping[str, str]:
    """What tells the metrics of a variant from those of others."""
    return {"EndpointName": endpoint, "VariantName": variant}


def _metric(series: Series, endpoint: str) -> dict[str, Any]:
    return {
        "namespace": series.metric.namespace,
        "metricName": series.metric.name,
        "dimensions": dimensions(endpoint, series.variant),
        "period": series.period,
        "stat": series.statistic,
    }
