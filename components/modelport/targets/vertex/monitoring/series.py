"""What Cloud Monitoring is asked about an endpoint: metrics of its deployments, and how its objectives are met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

PREFIX = "aiplatform.googleapis.com/prediction/online/"
"""Of the metrics of endpoints: https://cloud.google.com/monitoring/api/metrics_gcp_a_b#gcp-aiplatform"""
RESOURCE = "aiplatform.googleapis.com/Endpoint"
MINUTE = 60
"""Seconds between two values of a metric."""


@dataclass(frozen=True)
class Watched:
    """What series are read of.

    Attributes:
        endpoint: its number.
        service: the full name under which Cloud Monitoring keeps its objectives.
    """

    endpoint: pulumi.Input[str]
    region: pulumi.Input[str]
    service: pulumi.Input[str]


@dataclass(frozen=True)
class Metric:
    """What Vertex AI writes of each deployment or machine, each minute.

    Attributes:
        where: which values count, in the language of filters; "" for all.
    """

    name: str
    where: str = ""

    def filter(self, watched: Watched) -> pulumi.Output[str]:
        """What picks it: https://cloud.google.com/monitoring/api/v3/filters"""
        kind = f'metric.type = "{PREFIX}{self.name}" AND resource.type = "{RESOURCE}"'
        place = 'resource.labels.location = "', watched.region, '" AND resource.labels.endpoint_id = "'
        where = f" AND {self.where}" if self.where else ""
        return pulumi.Output.concat(kind, " AND ", *place, watched.endpoint, '"', where)


@dataclass(frozen=True)
class Series:
    """A metric of all deployments and machines of an endpoint, as one number for each period.

    Attributes:
        aligner: what becomes of the values of one machine in a period.
        reducer: what becomes of those of all machines.
        by: label whose values have a number each; "" for one number.
    """

    metric: Metric
    aligner: str
    reducer: str
    period: int = MINUTE
    by: str = ""

    def filter(self, watched: Watched) -> pulumi.Output[str]:
        """What picks it."""
        return self.metric.filter(watched)

    @property
    def aggregation(self) -> Mapping[str, Any]:
        """How its values become one number."""
        by = {"groupByFields": [self.by]} if self.by else {}
        align = {"alignmentPeriod": f"{self.period}s", "perSeriesAligner": self.aligner}
        return {**align, "crossSeriesReducer": self.reducer, **by}

    @property
    def aggregations(self) -> Mapping[str, Any]:
        """The same as a condition of an alert has it."""
        return {"aggregations": [self.aggregation]}


@dataclass(frozen=True)
class Selected:
    """A number about an objective that Cloud Monitoring itself computes.

    Source: https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/timeseries-selectors

    Attributes:
        selector: its name.
        objective: that of the objective.
        period: seconds that it looks back on; 0 for the objective's own.
    """

    selector: str
    objective: str
    period: int = 0

    def filter(self, watched: Watched) -> pulumi.Output[str]:
        """What picks it."""
        back = f', "{self.period}s"' if self.period else ""
        objective = f"/serviceLevelObjectives/{self.objective}"
        return pulumi.Output.concat(f'{self.selector}("', watched.service, objective, f'"{back})')

    @property
    def aggregation(self) -> Mapping[str, Any]:
        """It is one number already."""
        return {"perSeriesAligner": "ALIGN_NEXT_OLDER"}

    @property
    def aggregations(self) -> Mapping[str, Any]:
        """A condition of an alert needs none."""
        return {}


@dataclass(frozen=True)
class Number:
    """What gives a reading.

    Attributes:
        per: what it is a share of, None for the number itself.
        times: how much of it makes 1 of the reading.
        unit: what it is counted in, where that is not the reading's own; "" where it is.
    """

    series: Series | Selected
    per: Series | None = None
    times: float = 1
    unit: str = ""
