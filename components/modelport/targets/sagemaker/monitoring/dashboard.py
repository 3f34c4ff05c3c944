"""The dashboard of a service, in CloudWatch's own form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pulumi

from modelport.monitoring import Panel, Reading, Signal, dashboard
from modelport.plan import Plan

from ..account import Account
from ..names import endpoint_name
from ..resources import DASHBOARD, Resources
from .metrics import CALLERS_FAULT, FAILED, INVOCATIONS, Query, Series, dimensions
from .queries import Watched, period_of, query

COLUMNS, WIDTH, HEIGHT = 24, 8, 6
NAME_LENGTH = 255
"""Most characters of a dashboard's name: botocore, PutDashboard."""
REGION_LENGTH = 30


@dataclass(frozen=True)
class Line:
    """A number over time, with the words that tell it from others."""

    label: str
    number: Query
    period: int


def shown(own: Resources, account: Account) -> pulumi.Output[str]:
    """The dashboard of the service; gives its name, with the region in it: an account has its dashboards in none."""
    name = pulumi.Output.concat(own.plan.names.of(max_length=NAME_LENGTH - REGION_LENGTH), "-", account.region)
    body = pulumi.Output.json_dumps(account.region.apply(lambda region: {"widgets": widgets(own.plan, region)}))
    own.make(DASHBOARD, "dashboard", {"dashboardName": name, "dashboardBody": body})
    return name


def widgets(plan: Plan, region: str) -> list[dict[str, Any]]:
    """A heading for each section and a picture for each panel that SageMaker has numbers for.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    made: list[dict[str, Any]] = []
    top = 0
    for section in dashboard(plan.as_served()):
        panels = [(panel, lines) for panel in section.panels if (lines := _lines(panel, Watched.of(plan)))]
        if not panels:
            continue
        text = {"markdown": f"## {section.title}"}
        made.append({"type": "text", "x": 0, "y": top, "width": COLUMNS, "height": 1, "properties": text})
        top += 1
        for number, (panel, lines) in enumerate(panels):
            row, column = divmod(number, COLUMNS // WIDTH)
            place = {"x": column * WIDTH, "y": top + row * HEIGHT, "width": WIDTH, "height": HEIGHT}
            made.append({"type": "metric", **place, "properties": _picture(panel, lines, plan, region)})
        top += HEIGHT * -(-len(panels) // (COLUMNS // WIDTH))
    return made


def _lines(panel: Panel, watched: Watched) -> list[Line]:
    return [line for label, reading in panel.readings for line in _of(label, reading, watched)]


def _of(label: str, reading: Reading, watched: Watched) -> Iterator[Line]:
    if reading.signal is Signal.RATE:
        yield from _by_status(reading, watched)
    elif number := query(reading, watched):
        yield Line(label, number, period_of(reading))


def _by_status(reading: Reading, watched: Watched) -> Iterator[Line]:
    """Requests a second by the first digit of their answer's status: SageMaker tells no more."""
    period = period_of(reading)
    all_, failed, refused = (
        Query.over(watched.variants, metric, "Sum", period) for metric in (INVOCATIONS, FAILED, CALLERS_FAULT)
    )
    for label, number in {"2xx": all_ - failed - refused, "4xx": refused, "5xx": failed}.items():
        yield Line(label, number / period, period)


def _picture(panel: Panel, lines: list[Line], plan: Plan, region: str) -> dict[str, Any]:
    limit = {} if panel.limit is None else {"annotations": {"horizontal": [{"label": "limit", "value": panel.limit}]}}
    return {
        "title": panel.title,
        "region": region,
        "view": "singleValue" if panel.single else "timeSeries",
        "metrics": [row for number, line in enumerate(lines) for row in _rows(number, line, endpoint_name(plan))],
        **limit,
    }


def _rows(number: int, line: Line, endpoint: str) -> Iterator[list[Any]]:
    """The series of a line, hidden, and the line; ids are the picture's own, so that lines do not share them."""
    expression = line.number.expression
    for series in line.number.series:
        own_id = f"l{number}_{series.id}"
        expression = re.sub(rf"\b{series.id}\b", own_id, expression)
        yield _series(series, own_id, endpoint)
    yield [{"expression": expression, "label": line.label, "id": f"line{number}", "period": line.period}]


def _series(series: Series, own_id: str, endpoint: str) -> list[Any]:
    """As the dashboard writes a metric: namespace, name, dimensions in turn, and how it is shown."""
    told = [part for pair in dimensions(endpoint, series.variant).items() for part in pair]
    options = {"id": own_id, "stat": series.statistic, "period": series.period, "visible": False}
    return [series.metric.namespace, series.metric.name, *told, options]
