"""The dashboard of a service, in Cloud Monitoring's own form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pulumi

from modelport.monitoring import Panel, dashboard
from modelport.plan import Machine

from ..resources import DASHBOARD, Resources
from .queries import query
from .series import Number, Series, Watched

COLUMNS, WIDTH, HEIGHT = 48, 16, 12


@dataclass(frozen=True)
class Line:
    """A number over time, with the words that tell it from others."""

    label: str
    number: Number


def shown(own: Resources, of: Watched, first: Sequence[pulumi.Resource]) -> pulumi.Output[str]:
    """The dashboard of the service; gives its name.

    Args:
        first: what has to be there before: the objectives that it is about.
    """
    assert own.plan.machine is not None, "else the plan is refused"
    title = pulumi.Output.concat(own.plan.names.of(), " in ", of.region)
    body = {"displayName": title, "mosaicLayout": {"columns": COLUMNS, "tiles": tiles(own, of, own.plan.machine)}}
    opts = pulumi.ResourceOptions(depends_on=list(first))
    made = own.make(DASHBOARD, "dashboard", {"dashboardJson": pulumi.Output.json_dumps(body)}, opts)
    name: pulumi.Output[str] = made.id
    return name


def tiles(own: Resources, of: Watched, machine: Machine) -> list[dict[str, Any]]:
    """A heading for each section and a picture for each panel that Vertex AI has numbers for.

    Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards#MosaicLayout
    """
    made: list[dict[str, Any]] = []
    top = 0
    for section in dashboard(own.plan.as_served()):
        widgets = [each for panel in section.panels for each in _widgets(panel, machine, of)]
        if not widgets:
            continue
        heading = {"title": section.title, "sectionHeader": {}}
        made.append({"xPos": 0, "yPos": top, "width": COLUMNS, "height": 4, "widget": heading})
        top += 4
        for number, widget in enumerate(widgets):
            row, column = divmod(number, COLUMNS // WIDTH)
            place = {"xPos": column * WIDTH, "yPos": top + row * HEIGHT, "width": WIDTH, "height": HEIGHT}
            made.append({**place, "widget": widget})
        top += HEIGHT * -(-len(widgets) // (COLUMNS // WIDTH))
    return made


def _widgets(panel: Panel, machine: Machine, of: Watched) -> Iterator[dict[str, Any]]:
    """A picture for what is counted alike."""
    told = [(label, query(reading, machine)) for label, reading in panel.readings]
    lines = [Line(label, number) for label, number in told if number is not None]
    for unit, alike in groupby(lines, key=lambda line: line.number.unit):
        title = f"{panel.title} ({unit})" if unit else panel.title
        yield {"title": title, **_picture(panel, list(alike), of)}


def _picture(panel: Panel, lines: Sequence[Line], of: Watched) -> dict[str, Any]:
    limit = None if panel.limit is None else round(panel.limit * lines[0].number.times, 9)
    if panel.single:
        below = {} if limit is None else {"thresholds": [{"value": limit, "color": "RED", "direction": "BELOW"}]}
        return {"scorecard": {"timeSeriesQuery": _asked(lines[0].number, of), **below}}
    above = {} if limit is None else {"thresholds": [{"label": "limit", "value": limit}]}
    return {"xyChart": {"dataSets": [_line(each, of) for each in lines], **above}}


def _line(line: Line, of: Watched) -> dict[str, Any]:
    series = line.number.series
    by = series.by if isinstance(series, Series) else ""
    label = f"${{{by}}}" if by else line.label
    return {"timeSeriesQuery": _asked(line.number, of), "plotType": "LINE", "targetAxis": "Y1", "legendTemplate": label}


def _asked(number: Number, of: Watched) -> dict[str, Any]:
    series = number.series
    return {"timeSeriesFilter": {"filter": series.filter(of), "aggregation": dict(series.aggregation)}}
