"""Asking again and again, until an object is ready or gone."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

from modelport_engine.kubernetes.awaiting import surroundings
from modelport_engine.kubernetes.awaiting.diagnosis import reasons_of
from modelport_engine.kubernetes.awaiting.expressions import expressions, fulfilled
from modelport_engine.kubernetes.awaiting.readiness import BY_KIND, READY, Verdict
from modelport_engine.kubernetes.cluster import Cluster
from modelport_engine.kubernetes.engine_log import Tell
from modelport_engine.kubernetes.failures import ClusterError
from modelport_engine.kubernetes.objects import SKIP_AWAIT, TIMEOUT_SECONDS, Object, annotation, described, is_set

SECONDS = 600.0  # that an object has to become ready, or to end, as with Pulumi's own provider
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0


class NotReady(ClusterError):
    """An object exists and is not ready, or has not ended; `live` is what was seen of it last."""

    def __init__(self, live: Object, reasons: list[str]):
        super().__init__("\n".join(reasons))
        self.live = live
        self.reasons = reasons


@dataclass(frozen=True)
class Patience:
    """How long to wait: until `deadline` of the monotonic clock, or until `cancelled`."""

    seconds: float
    deadline: float
    cancelled: Event

    @classmethod
    def of(cls, inputs: Object, seconds: float, cancelled: Event) -> "Patience":
        """What the resource's options ask for, else its annotation, else ten minutes."""
        annotated = annotation(inputs, TIMEOUT_SECONDS)
        seconds = seconds or (float(annotated) if annotated.isdigit() else 0.0) or SECONDS
        return cls(seconds, time.monotonic() + seconds, cancelled)

    def pauses(self) -> Iterator[None]:
        """Pauses that become longer, while there is time."""
        pause = FIRST_PAUSE
        while (left := self.deadline - time.monotonic()) > 0:
            if self.cancelled.wait(min(pause, left)):
                return
            yield
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def over(self) -> str:
        """Why there is no more waiting."""
        return "the run was cancelled" if self.cancelled.is_set() else f"not so within {self.seconds:g} s"


def until_ready(cluster: Cluster, live: Object, inputs: Object, patience: Patience, tell: Tell) -> Object:
    """The object once it is ready; raises NotReady with the events, the pods' states and the failing one's log."""
    if is_set(inputs, SKIP_AWAIT):
        return live
    wanted = expressions(inputs)
    verdict, pauses = _judged(cluster, live, wanted), patience.pauses()
    while not verdict.ready:
        if verdict.failed or next(pauses, pauses) is pauses:
            raise not_ready(cluster, live, verdict, "" if verdict.failed else patience.over())
        tell(verdict.text)
        try:
            found = cluster.get(live)
        except ClusterError as error:  # it may pass
            verdict = Verdict(False, str(error))
            continue
        if found is None:
            raise NotReady(live, [f"{described(live)} was deleted by somebody while it was waited for"])
        live, verdict = found, _judged(cluster, found, wanted)
    return live


def until_gone(cluster: Cluster, live: Object, patience: Patience, tell: Tell) -> None:
    """Wait until an object is no more; raises NotReady with what holds it."""
    for _ in patience.pauses():
        try:
            found = cluster.get(live)
        except ClusterError as error:  # it may pass
            tell(str(error))
            continue
        if found is None or found["metadata"].get("uid") != live["metadata"].get("uid"):
            return
        live = found
        tell(surroundings.what_holds(live) or "scheduled for deletion")
    holds = surroundings.what_holds(live)
    raise NotReady(live, [f"{described(live)} is still there, {patience.over()}" + (f": {holds}" if holds else "")])


def judge(cluster: Cluster, live: Object, wanted: list[str]) -> Verdict:
    """Whether an object is ready: as its annotation's expressions say, else as its kind has it."""
    if wanted:
        return fulfilled(live, wanted)
    key = (str(live.get("apiVersion", "")).rpartition("/")[0], str(live.get("kind")))
    verdict = BY_KIND[key](live) if key in BY_KIND else READY
    match key:
        case ("", "Service") if verdict.ready:
            return surroundings.endpoints(cluster, live)
        case ("", "PersistentVolumeClaim") if not verdict.ready and surroundings.waits_for_a_pod(cluster, live):
            return READY
    return verdict


def not_ready(cluster: Cluster, live: Object, verdict: Verdict, over: str = "") -> NotReady:
    """The error for an object that is not ready, with all that can be found out."""
    first = f"{described(live)} is not ready: {verdict.text}" + (f" ({over})" if over else "")
    return NotReady(live, [first, *reasons_of(cluster, live)])


def _judged(cluster: Cluster, live: Object, wanted: list[str]) -> Verdict:
    """As `judge`; when the cluster does not say for a moment, that is what is missing."""
    try:
        return judge(cluster, live, wanted)
    except ClusterError as error:
        return Verdict(False, str(error))
