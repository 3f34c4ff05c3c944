"""When an object is ready, by its kind. Every function reads the object alone; what else matters comes as `Around`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelport_engine.kubernetes.objects import Object

Status = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """How far an object is: `text` says what is missing; one that `failed` gets no further by itself."""

    ready: bool
    text: str = ""
    failed: bool = False


READY = Verdict(True)


def deployment(live: Object) -> Verdict:
    """Its latest template runs in all replicas, and none of the old is left."""
    spec, status = live.get("spec") or {}, live.get("status") or {}
    if spec.get("paused"):
        return READY
    if verdict := _unobserved(live):
        return verdict
    progressing, stuck = condition(live, "Progressing"), condition(live, "ReplicaFailure")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(False, str(progressing.get("message")), failed=True)
    wanted = _count(spec, "replicas", 1)
    updated, available = _count(status, "updatedReplicas"), _count(status, "availableReplicas")
    problem = f": {stuck.get('message')}" if stuck.get("status") == "True" else ""
    if updated < wanted:
        return Verdict(False, f"{updated} of {wanted} replicas are made{problem}")
    if (old := _count(status, "replicas") - updated) > 0:
        return Verdict(False, f"{old} old replicas have still to end")
    if available < wanted:
        return Verdict(False, f"{available} of {wanted} replicas are available{problem}")
    return READY


def stateful_set(live: Object) -> Verdict:
    """Its latest template runs in all replicas, but for those that a partition holds back."""
    spec, status = live.get("spec") or {}, live.get("status") or {}
    strategy = spec.get("updateStrategy") or {}
    if verdict := _unobserved(live):
        return verdict
    wanted = _count(spec, "replicas", 1)
    ready = _count(status, "readyReplicas")
    held_back = _count(strategy.get("rollingUpdate") or {}, "partition")
    updated = _count(status, "updatedReplicas")
    if ready < wanted:
        return Verdict(False, f"{ready} of {wanted} replicas are ready")
    if strategy.get("type") != "OnDelete" and updated < wanted - held_back:
        return Verdict(False, f"{updated} of {wanted - held_back} replicas are updated")
    return READY


def daemon_set(live: Object) -> Verdict:
    """Its latest template runs on every node that it is for."""
    strategy = ((live.get("spec") or {}).get("updateStrategy") or {}).get("type")
    status = live.get("status") or {}
    if verdict := _unobserved(live):
        return verdict
    wanted = _count(status, "desiredNumberScheduled")
    updated, available = _count(status, "updatedNumberScheduled"), _count(status, "numberAvailable")
    if strategy != "OnDelete" and updated < wanted:
        return Verdict(False, f"{updated} of {wanted} nodes have the latest pod")
    if available < wanted:
        return Verdict(False, f"{available} of {wanted} nodes have an available pod")
    return READY


def job(live: Object) -> Verdict:
    """It has completed."""
    spec, status = live.get("spec") or {}, live.get("status") or {}
    for name in ("Failed", "FailureTarget"):
        failed = condition(live, name)
        if failed.get("status") == "True":
            return Verdict(False, f"the job failed: {failed.get('reason')}: {failed.get('message')}", failed=True)
    if spec.get("suspend") or condition(live, "Complete").get("status") == "True":
        return READY
    return Verdict(False, f"{_count(status, 'succeeded')} of {_count(spec, 'completions', 1)} pods have succeeded")


def pod(live: Object) -> Verdict:
    """It is ready, or has done its work."""
    phase = (live.get("status") or {}).get("phase")
    if phase == "Failed":
        return Verdict(
            False, f"the pod failed: {(live['status'].get('message') or '').strip()}".rstrip(": "), failed=True
        )
    if phase == "Succeeded" or condition(live, "Ready").get("status") == "True":
        return READY
    return Verdict(False, f"the pod is {phase or 'Pending'}, not ready")


def load_balancer(live: Object) -> Verdict:
    """It has an address from outside, if it is meant to."""
    balancer = (live.get("spec") or {}).get("type") == "LoadBalancer"
    given = ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return Verdict(False, "no load balancer has given it an address yet") if balancer and not given else READY


def claim(live: Object) -> Verdict:
    """It has a volume."""
    phase = (live.get("status") or {}).get("phase")
    return READY if phase == "Bound" else Verdict(False, f"the claim is {phase or 'Pending'}", failed=phase == "Lost")


def definition(live: Object) -> Verdict:
    """The API server serves the new kind."""
    names, established = condition(live, "NamesAccepted"), condition(live, "Established")
    if names.get("status") == "False":
        return Verdict(False, f"its names are taken: {names.get('message')}", failed=True)
    if established.get("status") == "True":
        return READY
    return Verdict(False, "the API server does not serve it yet")


# By API group and kind; other kinds are ready when they are there.
BY_KIND: dict[tuple[str, str], Callable[[Object], Verdict]] = {
    ("", "PersistentVolumeClaim"): claim,
    ("", "Pod"): pod,
    ("", "Service"): load_balancer,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definition,
    ("apps", "DaemonSet"): daemon_set,
    ("apps", "Deployment"): deployment,
    ("apps", "StatefulSet"): stateful_set,
    ("batch", "Job"): job,
}


def condition(live: Object, name: str) -> Status:
    """The condition of a type in an object's status; empty without."""
    conditions = (live.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == name), {})


def _unobserved(live: Object) -> Verdict | None:
    generation = live["metadata"].get("generation") or 0
    seen = _count(live.get("status") or {}, "observedGeneration")
    return Verdict(False, "its controller has not seen it yet") if seen < generation else None


def _count(mapping: Status, key: str, default: int = 0) -> int:
    value = mapping.get(key)
    return default if value is None else int(value)
