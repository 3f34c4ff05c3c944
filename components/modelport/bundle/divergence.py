"""How far the outputs of one model are from those of another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modelport_server.tensors import Array


@dataclass
class Divergence:
    """Of one output, over all that it was asked.

    Attributes:
        largest: the largest absolute difference of two numbers.
        agreeing: values that are the same, or rows whose largest number is in the same place.
        compared: values or rows that were compared so; 0 where the output is no label and no score per class.
    """

    largest: float = 0.0
    agreeing: int = 0
    compared: int = 0
    _squares: float = field(default=0.0, repr=False)
    _squared_differences: float = field(default=0.0, repr=False)
    _is_label: bool = field(default=False, repr=False)

    def add(self, wanted: Array, given: Array) -> None:
        """Compare what was answered to one request."""
        self._is_label |= wanted.dtype.kind != "f"
        if wanted.shape != given.shape:
            self.largest = self._squared_differences = math.inf
            self.compared += wanted.size
        elif self._is_label:
            self.agreeing += int((wanted == given).sum())
            self.compared += wanted.size
        else:
            self._add_numbers(wanted.astype(np.float64), given.astype(np.float64))

    @property
    def error(self) -> float:
        """What is judged: of numbers the relative error (L2 norms), of labels the share that differs."""
        if self._is_label:
            return 1 - self.agreeing / self.compared if self.compared else 0.0
        if not self._squared_differences:
            return 0.0
        return math.sqrt(self._squared_differences / self._squares) if self._squares else math.inf

    @property
    def agreement(self) -> float | None:
        """The share of labels, or of classes with the highest score, that is the same."""
        return self.agreeing / self.compared if self.compared else None

    def plain(self) -> dict[str, Any]:
        """For JSON, to six digits."""
        numbers = {"error": self.error, "agreement": self.agreement}
        if not self._is_label:
            numbers["largest"] = self.largest
        return {name: None if number is None else float(f"{number:.6g}") for name, number in numbers.items()}

    def _add_numbers(self, wanted: Array, given: Array) -> None:
        same = (wanted == given) | (np.isnan(wanted) & np.isnan(given))
        with np.errstate(invalid="ignore"):
            differences = np.where(same, 0.0, np.abs(given - wanted))
        differences[np.isnan(differences)] = math.inf  # one of the two is no number
        self.largest = max(self.largest, float(differences.max(initial=0.0)))
        self._squared_differences += float(np.square(differences).sum())
        self._squares += float(np.square(wanted[np.isfinite(wanted)]).sum())
        if wanted.ndim == 2 and wanted.shape[1] > 1:
            self.agreeing += int((wanted.argmax(axis=1) == given.argmax(axis=1)).sum())
            self.compared += len(wanted)


def compare(names: Sequence[str], wanted: Sequence[Any], given: Sequence[Any]) -> dict[str, Divergence]:
    """How far the answers `given` are from those `wanted`, by output; both have an array for each name, per request."""
    found = {name: Divergence() for name in names}
    for answers in zip(wanted, given, strict=True):
        for name, one, other in zip(names, *answers, strict=True):
            found[name].add(np.asarray(one), np.asarray(other))
    return found
