"""Metrics as Prometheus text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelport_server.observe.metrics import Family, Histogram, Labels

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render(families: Iterable[Family]) -> bytes:
    """The families in Prometheus' text format."""
    return ("\n".join(line for family in families for line in _lines(family)) + "\n").encode()


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.text}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value in family.samples:
        if isinstance(value, Histogram):
            yield from _histogram(family.name, labels, value)
        else:
            yield f"{family.name}{_labels(labels)} {value}"


def _histogram(name: str, labels: Labels, histogram: Histogram) -> Iterator[str]:
    seen = 0
    for bound, count in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
        seen += count
        yield f"{name}_bucket{_labels({**labels, 'le': bound})} {seen}"
    yield f"{name}_sum{_labels(labels)} {histogram.total}"
    yield f"{name}_count{_labels(labels)} {seen}"


def _labels(labels: Labels) -> str:
    pairs = (f'{key}="{_escape(str(value))}"' for key, value in labels.items())
    return "{" + ",".join(pairs) + "}" if labels else ""


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
