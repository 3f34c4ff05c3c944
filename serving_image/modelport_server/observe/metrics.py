"""Counters, gauges and histograms in plain lists: what is measured, whatever writes it down."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

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

UNITS = ("seconds", "bytes")

Labels = Mapping[str, object]
Kind = Literal["counter", "gauge", "histogram"]


class Histogram:
    """Values, counted in buckets; in seconds, unless other upper bounds are given.

    Attributes:
        bounds: upper bounds of the buckets; above the last there is one more.
        counts: values in each bucket.
        total: their sum.
    """

    def __init__(self, bounds: tuple[float, ...] = BUCKETS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(frozen=True, slots=True)
class Family:
    """All series of one metric, as they stand.

    Attributes:
        name: ends in its unit where it has one, and then in `_total` for a counter.
        text: what it means.
        samples: a value, or a histogram, for each set of labels.
    """

    name: str
    kind: Kind
    text: str
    samples: Sequence[tuple[Labels, float | Histogram]]

    @property
    def unit(self) -> str:
        """What the values are in, as the name says; empty for mere numbers."""
        return next((unit for unit in UNITS if self.name.removesuffix("_total").endswith(f"_{unit}")), "")


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
