"""Why an object is not ready: the events about it, the state of its pods, and the log of the one that fails."""

import re
from collections.abc import Iterator
from typing import Any

from modelport_engine.kubernetes.awaiting.readiness import condition
from modelport_engine.kubernetes.awaiting.surroundings import events_of
from modelport_engine.kubernetes.cluster import Cluster
from modelport_engine.kubernetes.failures import ClusterError, quota_advice
from modelport_engine.kubernetes.objects import Object, metadata, name_of

LOG_LINES = 20
MOST_EVENTS = 8
MADE_UP = re.compile(r'"[^"\s]+-[a-z0-9]{5}"')  # name of a pod, another one at each try
POD = {"apiVersion": "v1", "kind": "Pod"}
REPLICA_SET = {"apiVersion": "apps/v1", "kind": "ReplicaSet"}
REVISION = "deployment.kubernetes.io/revision"
# States that pass by themselves.
HARMLESS = ("ContainerCreating", "PodInitializing", "Completed")


def reasons_of(cluster: Cluster, live: Object) -> list[str]:
    """One reason a line or a few, the likeliest first; empty when nothing can be read."""
    try:
        family = [live, *_owned(cluster, live)]
    except ClusterError as error:
        return [f"its pods cannot be looked at: {error}"]
    pods = [each for each in family if each.get("kind") == "Pod"]
    found = [*dict.fromkeys(text for pod in pods for text in _of_pod(pod))]
    return [*found, *_warnings(cluster, family), *_log(cluster, pods)]


def _owned(cluster: Cluster, live: Object) -> list[Object]:
    """The newest ReplicaSet of a Deployment, and the pods that belong to an object and are meant to run."""
    selector = (live.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels") if live.get("kind") != "Service" else selector
    if not labels:
        return []
    where = {"metadata": {"namespace": live["metadata"].get("namespace")}}
    text = ",".join(f"{key}={value}" for key, value in labels.items())
    sets = cluster.find({**REPLICA_SET, **where}, labels=text) if live.get("kind") == "Deployment" else []
    newest = max((each for each in sets if _owner(each, live)), key=_revision, default=None)
    pods = cluster.find({**POD, **where}, labels=text)
    if newest is None:
        return pods
    return [newest, *(pod for pod in pods if _owner(pod, newest))]


def _owner(object: Object, by: Object) -> bool:
    return any(each.get("uid") == by["metadata"].get("uid") for each in metadata(object).get("ownerReferences") or [])


def _revision(replica_set: Object) -> int:
    return int((metadata(replica_set).get("annotations") or {}).get(REVISION, 0))


def _of_pod(pod: Object) -> Iterator[str]:
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        yield f"no node takes the pod: {scheduled.get('message')}"
    for container in _containers(pod):
        state, last = container.get("state") or {}, container.get("lastState") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or last.get("terminated") or {}
        if waiting.get("reason") and waiting["reason"] not in HARMLESS:
            yield f"container {container['name']}: {waiting['reason']}: {waiting.get('message', '')}".rstrip(": ")
        if ended and ended.get("reason") not in HARMLESS:
            yield f"container {container['name']} ended with exit code {ended.get('exitCode')}: {ended.get('reason')}"


def _containers(pod: Object) -> list[dict[str, Any]]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _warnings(cluster: Cluster, family: list[Object]) -> list[str]:
    """What was warned of, once each, though it was about another pod."""
    found: dict[str, str] = {}
    for member in family:
        for event in events_of(cluster, member):
            if event.get("type") == "Warning":
                text = f"{event.get('reason')}: {str(event.get('message')).strip()}"
                found[MADE_UP.sub("", text)] = text + quota_advice(text)
    return [*found.values()][-MOST_EVENTS:]


def _log(cluster: Cluster, pods: list[Object]) -> list[str]:
    """The last lines of the first container that has ended, or that runs and is not ready."""
    for pod in pods:
        for container in _containers(pod):
            state = container.get("state") or {}
            ended = "terminated" in state or (container.get("lastState") or {}).get("terminated")
            if not ended and not ("running" in state and not container.get("ready")):
                continue
            previous = "terminated" not in state and bool(ended)
            try:
                lines = cluster.log(pod, container["name"], LOG_LINES, previous=previous)
            except ClusterError:
                continue
            if lines and not _went_well(state):
                where = f"the log of container {container['name']} of {name_of(pod)} ends:"
                return ["\n    ".join([where, *lines])]
    return []


def _went_well(state: dict[str, Any]) -> bool:
    return (state.get("terminated") or {}).get("exitCode") == 0
