"""Metrics in CloudWatch's embedded metric format: JSON on lines of a log, where nothing is scraped but logs are kept.

Each line has the metrics of one set of labels, which are their dimensions. Counters and histograms are what came since
the last time. The format: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring, "Embedded metric format". Histograms
are objects of Values and Counts, as AWS' own collector writes them (opentelemetry-collector-contrib, awsemfexporter).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from modelport_server.observe.metrics import Family, Histogram, Labels
from modelport_server.observe.writer import Sink

NAMESPACE = "modelport"
MOST_METRICS = 100  # of a directive
MOST_DIMENSIONS = 30
MOST_CHARACTERS = 1024  # of a dimension's value
UNITS = {"seconds": "Seconds", "bytes": "Bytes"}

Key = tuple[tuple[str, str], ...]


class Emf:
    """Writes metrics to `sink`.

    Args:
        collect: gives them as they stand.
        sink: where lines go.
        namespace: that CloudWatch keeps the metrics in.
        clock: for tests; seconds since 1970.
    """

    def __init__(
        self,
        collect: Callable[[], Iterable[Family]],
        sink: Sink,
        namespace: str = NAMESPACE,
        clock: Callable[[], float] = time.time,
    ):
        self._collect, self._sink, self._namespace, self._clock = collect, sink, namespace, clock
        self._counters: dict[tuple[str, Key], float] = {}
        self._histograms: dict[tuple[str, Key], tuple[list[int], float]] = {}

    def write(self) -> None:
        """Write what there is to say now."""
        milliseconds = int(self._clock() * 1000)
        by_labels: dict[Key, dict[str, tuple[str, Any]]] = {}
        for family in self._collect():
            if family.name.endswith("_info"):  # nothing that changes, in dimensions that would be billed
                continue
            for labels, value in family.samples:
                key = _dimensions(labels)
                if (now := self._value(family, key, value)) is not None:
                    by_labels.setdefault(key, {})[family.name] = _unit(family), now
        documents = (
            doc for key, metrics in by_labels.items() for doc in _documents(self._namespace, key, metrics, milliseconds)
        )
        if lines := b"".join(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE) for document in documents):
            self._sink.write(lines)

    def _value(self, family: Family, key: Key, value: float | Histogram) -> Any:
        place = family.name, key
        if isinstance(value, Histogram):
            counts, total = list(value.counts), value.total
            before, sum_before = self._histograms.get(place, ([0] * len(counts), 0.0))
            self._histograms[place] = counts, total
            new = [now - then for now, then in zip(counts, before, strict=True)]
            return _distribution(value.bounds, new, total - sum_before) if any(new) else None
        if family.kind == "gauge":
            return value
        before_, self._counters[place] = self._counters.get(place, 0), value
        return value - before_


def _documents(
    namespace: str, key: Key, metrics: dict[str, tuple[str, Any]], milliseconds: int
) -> Iterator[dict[str, Any]]:
    names = list(metrics)
    for start in range(0, len(names), MOST_METRICS):
        part = names[start : start + MOST_METRICS]
        directive = {
            "Namespace": namespace,
            "Dimensions": [[name for name, _ in key]],
            "Metrics": [{"Name": name, "Unit": metrics[name][0]} for name in part],
        }
        values = {name: metrics[name][1] for name in part}
        yield {"_aws": {"Timestamp": milliseconds, "CloudWatchMetrics": [directive]}, **dict(key), **values}


def _distribution(bounds: tuple[float, ...], counts: list[int], total: float) -> dict[str, Any]:
    """Each bucket by its upper bound, so that a percentile is never too low; what is above the last, by the last."""
    tops = (*bounds, bounds[-1])
    values: dict[float, int] = {}
    for top, count in zip(tops, counts, strict=True):
        if count:
            values[top] = values.get(top, 0) + count
    return {
        "Values": list(values),
        "Counts": list(values.values()),
        "Min": min(values),
        "Max": max(values),
        "Count": sum(counts),
        "Sum": total,
    }


def _dimensions(labels: Labels) -> Key:
    """Labels as CloudWatch takes them: not empty, ASCII, not too long."""
    texts = [(name, str(value).encode("ascii", "backslashreplace").decode()) for name, value in labels.items()]
    return tuple((name, text[:MOST_CHARACTERS]) for name, text in texts if text.strip())[:MOST_DIMENSIONS]


def _unit(family: Family) -> str:
    return UNITS.get(family.unit, "Count" if family.kind == "counter" else "None")
