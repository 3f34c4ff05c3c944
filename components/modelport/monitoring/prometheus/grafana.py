"""Dashboards in Grafana's own form, over a data source that who looks at it chooses."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from modelport.monitoring.dashboard import Panel, Section, Unit

from .queries import query
from .scrape import Scrape

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA = 39
UID_LENGTH = 40
MADE = "Made by modelport, which overwrites changes."
COLUMNS, WIDTH, HEIGHT = 24, 12, 8
UNITS: dict[Unit, str] = {
    "share": "percentunit",
    "seconds": "s",
    "requests": "short",
    "requests/s": "reqps",
    "instances": "short",
    "index": "short",
    "rows": "short",
}
BY = {"status": "{{status}}", "feature": "{{side}} {{feature}}", "model": "{{version}} {{digest}}"}
"""Legends of readings that have a line for each value of some labels."""


def dashboard_file(title: str, uid: str, sections: Sequence[Section], scrape: Scrape) -> str:
    """A dashboard as JSON, always the same for the same service.

    Args:
        uid: by which Grafana knows it again, of at most `UID_LENGTH` letters, digits and dashes.
    """
    return json.dumps(to_dashboard(title, uid, sections, scrape), indent=2, ensure_ascii=False) + "\n"


def to_dashboard(title: str, uid: str, sections: Sequence[Section], scrape: Scrape) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "title": title,
        "uid": uid,
        "description": MADE,
        "tags": ["modelport"],
        "schemaVersion": SCHEMA,
        "editable": False,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_datasource()]},
        "panels": list(_panels(sections, scrape)),
    }


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _panels(sections: Sequence[Section], scrape: Scrape) -> Iterator[dict[str, Any]]:
    number, y = 0, 0
    for section in sections:
        number, x = number + 1, 0
        yield {
            "id": number, "type": "row", "title": section.title, "collapsed": False, "panels": [],
            "gridPos": _place(0, y, COLUMNS, 1),
        }  # fmt: skip
        y += 1
        for panel in section.panels:
            if targets := _targets(panel, scrape):
                number += 1
                yield _panel(number, panel, targets, _place(x, y, WIDTH, HEIGHT))
                x, y = (WIDTH, y) if x == 0 else (0, y + HEIGHT)
        y += HEIGHT if x else 0


def _panel(number: int, panel: Panel, targets: list[dict[str, Any]], place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": "stat" if panel.single else "timeseries",
        "title": panel.title,
        "datasource": DATASOURCE,
        "gridPos": place,
        "targets": targets,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": UNITS[panel.unit]}
    if panel.limit is not None:
        below, above = ("red", "green") if panel.single else ("green", "red")
        steps = [{"value": None, "color": below}, {"value": panel.limit, "color": above}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
        if not panel.single:
            defaults["custom"] = {"thresholdsStyle": {"mode": "line"}}
    return defaults


def _targets(panel: Panel, scrape: Scrape) -> list[dict[str, Any]]:
    found = [(words, expression) for words, each in panel.readings if (expression := query(each, scrape))]
    return [
        {"refId": chr(ord("A") + index), "expr": expression, "legendFormat": BY.get(words, words)}
        for index, (words, expression) in enumerate(found)
    ]


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}
