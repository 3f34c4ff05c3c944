"""How far what is served has gone from the bundle's baseline, in a thread beside the requests."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from modelport_server.observe.comparison import Comparison
from modelport_server.observe.metrics import Family
from modelport_server.observe.periodic import Periodic

if TYPE_CHECKING:
    from modelport_server.bundle import Bundle
    from modelport_server.observe.seen import Seen

SECONDS = 1.0  # between two counts

log = logging.getLogger(__name__)


class Drift:
    """Compares a sample of what every model serves with its baseline, in a thread.

    Args:
        share: of the inferences, 0 to 1.
        seconds: that the comparison looks back.
        clock: for tests.
    """

    def __init__(self, share: float, seconds: float, clock: Callable[[], float] = time.monotonic):
        self._share, self._seconds, self._clock = share, seconds, clock
        self._models: dict[str, Comparison] = {}
        self._periodic: Periodic | None = None

    def take(self, bundles: Iterable[Bundle]) -> None:
        """Watch the models that will serve."""
        for bundle in bundles:
            if not (baseline := bundle.baseline()):
                remedy = f"make a baseline: modelport bundle baseline {bundle.path} --data FILE"
                log.warning("%s %s: no drift is measured; %s", bundle.name, bundle.version, remedy)
            self._models[bundle.digest] = Comparison(bundle, baseline, self._seconds)
        self._periodic = Periodic("drift", SECONDS, self.count)

    def inference(self, seen: Seen) -> None:
        """Take an inference, if it is in the sample and there is room. Neither raises nor waits."""
        if seen.code or (self._share < 1 and random.random() >= self._share):  # noqa: S311
            return
        if model := self._models.get(seen.model.bundle.digest):
            model.put({**seen.asked.feeds, **dict(zip(seen.asked.outputs, seen.arrays, strict=True))})

    def count(self) -> None:
        """Count what has come since the last time."""
        for model in self._models.values():
            model.count(self._clock())

    def families(self) -> list[Family]:
        """The index of each feature, what it is of, and how sure the models are."""
        models, now = [*self._models.values()], self._clock()
        totals = [(model.labels, *model.total(now)) for model in models]
        sure = [
            ({**model.labels, "output": output}, histogram)
            for model in models
            for output, histogram in [*model.confidences.items()]
        ]
        return [
            Family(
                "modelport_drift_psi",
                "gauge",
                "Population stability index of a feature against the bundle's baseline.",
                [sample for _, _, indices in totals for sample in indices],
            ),
            Family(
                "modelport_drift_rows",
                "gauge",
                "Instances that the drift window holds.",
                [(labels, rows) for labels, rows, _ in totals],
            ),
            Family(
                "modelport_drift_skipped_total",
                "counter",
                "Inferences of the drift sample that were not counted, as too many came at once.",
                [(model.labels, model.skipped) for model in models],
            ),
            Family(
                "modelport_prediction_confidence",
                "histogram",
                "The largest probability of each answer, of outputs that are probabilities.",
                sure,
            ),
        ]

    def close(self, limit: float) -> None:
        """Count no more."""
        if self._periodic:
            self._periodic.close(limit)
