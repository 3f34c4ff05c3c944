"""What one model serves, beside its baseline: the population stability index of each feature.

PSI = sum over bins of (served - baseline) * ln(served / baseline), of the shares of all values in each bin: B.
Yurdakul, "Statistical Properties of Population Stability Index", 2018. A bin without values counts as `EPSILON` of
them. Usual readings: below 0.1 none, to 0.2 some, above it much.
"""

from __future__ import annotations

import threading
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

from modelport_server.observe.features import columns, confidences, tally
from modelport_server.observe.metrics import Histogram, Labels
from modelport_server.tensors import as_array

if TYPE_CHECKING:
    from modelport_server.bundle import Bundle
    from modelport_server.bundle.baseline import Baseline
    from modelport_server.observe.features import Arrays
    from modelport_server.tensors import Array

EPSILON = 1e-4
SLOTS = 12
LEAST_ROWS = 100  # in the window; of fewer, the index of equal distributions would look like drift
MOST_ROWS = 4096  # that wait to be counted
MOST_BYTES = 8 << 20
CONFIDENCES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)


def psi(baseline: Array, served: Array) -> float:
    """The population stability index of two counts of the same bins. Never negative; 0 where the shares are equal."""
    before, after = (np.maximum(counts / counts.sum(), EPSILON) for counts in (baseline, served))
    return float(((after - before) * np.log(after / before)).sum())


class Window:
    """Counts of the last `seconds`, in slots of time: the oldest goes as a new one begins."""

    def __init__(self, bins: int, seconds: float):
        self._counts = np.zeros((SLOTS, bins), dtype=np.int64)
        self._seconds = seconds / SLOTS
        self._slot = 0

    def add(self, counts: Array, now: float) -> None:
        """Count what came until `now`, in seconds of any clock that goes forward."""
        self._advance(now)
        self._counts[self._slot % SLOTS] += counts

    def total(self, now: float) -> Array:
        """What the window holds."""
        self._advance(now)
        total: Array = self._counts.sum(axis=0)
        return total

    def _advance(self, now: float) -> None:
        slot = int(now / self._seconds)
        for passed in range(max(self._slot + 1, slot - SLOTS + 1), slot + 1):
            self._counts[passed % SLOTS] = 0
        self._slot = max(self._slot, slot)


class Comparison:
    """A model's baseline, and what came in the window.

    Attributes:
        labels: of its metrics.
        skipped: inferences that were not counted.
        confidences: of the answers, by output.
    """

    def __init__(self, bundle: Bundle, baseline: Baseline | None, seconds: float):
        self.labels: Labels = {"model": bundle.name, "version": bundle.version}
        self.skipped = 0
        self.confidences: dict[str, Histogram] = {}
        self._inputs, self._outputs = bundle.inputs, bundle.outputs
        self._features = baseline.features if baseline else ()
        ends = np.cumsum([1, *(len(feature.counts) for feature in self._features)]).tolist()
        self._places = [slice(*pair) for pair in pairwise(ends)]  # place 0 counts the rows
        self._window = Window(ends[-1], seconds)
        self._waiting: list[Arrays] = []
        self._rows = self._bytes = 0
        self._lock = threading.Lock()

    def put(self, arrays: Arrays) -> None:
        """Let the tensors of an inference wait to be counted, where there is room."""
        named = {name: as_array(array) for name, array in arrays.items()}
        rows, size = _rows(named), sum(array.nbytes for array in named.values())
        with self._lock:
            if self._waiting and (self._rows + rows > MOST_ROWS or self._bytes + size > MOST_BYTES):
                self.skipped += 1
                return
            self._waiting.append(named)
            self._rows += rows
            self._bytes += size

    def count(self, now: float) -> None:
        """Count what is waiting."""
        with self._lock:
            waiting, self._waiting, rows, self._rows, self._bytes = self._waiting, [], self._rows, 0, 0
        if not waiting:
            return
        counts = np.zeros(self._size, dtype=np.int64)
        counts[0] = rows
        both = chain(columns("input", self._inputs, waiting), columns("output", self._outputs, waiting))
        found = {(column.side, column.source): column for column in both}
        for feature, place in zip(self._features, self._places, strict=True):
            if column := found.get((feature.side, feature.source)):
                counts[place] = tally(feature, column.values)
        with self._lock:
            self._window.add(counts, now)
        for tensor, values in confidences(self._outputs, waiting):
            self._observe(tensor.name, values)

    def total(self, now: float) -> tuple[int, list[tuple[Labels, float]]]:
        """The rows in the window, and the index of each feature that has come often enough."""
        with self._lock:
            total = self._window.total(now)
        indices: list[tuple[Labels, float]] = []
        for feature, place in zip(self._features, self._places, strict=True):
            if total[place].sum() >= LEAST_ROWS:
                labels = {**self.labels, "side": feature.side, "feature": feature.name}
                indices.append((labels, psi(np.array(feature.counts), total[place])))
        return int(total[0]), indices

    @property
    def _size(self) -> int:
        return self._places[-1].stop if self._places else 1

    def _observe(self, output: str, values: Array) -> None:
        histogram = self.confidences.setdefault(output, Histogram(CONFIDENCES))
        counts = np.bincount(np.searchsorted(CONFIDENCES, values), minlength=len(histogram.counts)).tolist()
        histogram.counts = [before + new for before, new in zip(histogram.counts, counts, strict=True)]
        histogram.total += float(values.sum())


def _rows(arrays: Arrays) -> int:
    return max((len(array) for array in arrays.values() if array.ndim), default=1)
