"""Counters and histograms in plain lists, written as Prometheus text only when somebody scrapes."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

BUCKETS = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
)

Labels = Mapping[str, object]


class Histogram:
    """Durations in seconds, counted in the buckets that all histograms here share."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


class Traffic:
    """What went through the server since it started.

    Attributes:
        answered: requests by (route, status).
        seconds: time from the whole request to the answer, by route.
        inflight: requests being answered now.
    """

    def __init__(self) -> None:
        self.answered: Counter[tuple[str, int]] = Counter()
        self.seconds: dict[str, Histogram] = {}
        self.inflight = 0

    def count(self, route: str, status: int, seconds: float) -> None:
        """Record one answer."""
        self.answered[route, status] += 1
        if (histogram := self.seconds.get(route)) is None:
            histogram = self.seconds[route] = Histogram()
        histogram.observe(seconds)


def family(name: str, kind: str, text: str, samples: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    """The lines of a counter or gauge."""
    yield from _head(name, kind, text)
    for labels, value in samples:
        yield f"{name}{_labels(labels)} {value}"


def histograms(name: str, text: str, samples: Iterable[tuple[Labels, Histogram]]) -> Iterator[str]:
    """The lines of a histogram in seconds."""
    yield from _head(name, "histogram", text)
    for labels, histogram in samples:
        seen = 0
        for bound, count in zip((*BUCKETS, "+Inf"), histogram.counts, strict=True):
            seen += count
            yield f"{name}_bucket{_labels({**labels, 'le': bound})} {seen}"
        yield f"{name}_sum{_labels(labels)} {histogram.total}"
        yield f"{name}_count{_labels(labels)} {seen}"


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _labels(labels: Labels) -> str:
    pairs = (f'{key}="{_escape(str(value))}"' for key, value in labels.items())
    return "{" + ",".join(pairs) + "}" if labels else ""


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
