"""What decides about an object, and is not in the object itself."""

from modelport_engine.kubernetes.awaiting.readiness import READY, Verdict
from modelport_engine.kubernetes.cluster import Cluster
from modelport_engine.kubernetes.failures import ClusterError, Forbidden
from modelport_engine.kubernetes.objects import Object, metadata, name_of

SLICES = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}


def endpoints(cluster: Cluster, service: Object) -> Verdict:
    """A Service that selects pods is ready when one of them is; without the right to look, when it is there."""
    spec = service.get("spec") or {}
    if not spec.get("selector") or spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None":
        return READY
    like = {**SLICES, "metadata": {"namespace": service["metadata"]["namespace"]}}
    try:
        slices = cluster.find(like, labels=f"kubernetes.io/service-name={name_of(service)}")
    except Forbidden:
        return READY
    if any((each.get("conditions") or {}).get("ready") for slice in slices for each in slice.get("endpoints") or []):
        return READY
    return Verdict(False, "none of the pods that it selects is ready")


def waits_for_a_pod(cluster: Cluster, claim: Object) -> bool:
    """Whether a claim gets its volume only when a pod uses it, so that waiting would be in vain."""
    return any(event.get("reason") == "WaitForFirstConsumer" for event in events_of(cluster, claim))


def events_of(cluster: Cluster, object: Object) -> list[Object]:
    """The events about an object, the oldest first; none without the right to read them."""
    own = metadata(object)
    like = {"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": own.get("namespace") or "default"}}
    try:
        found = cluster.find(like, fields=f"involvedObject.uid={own.get('uid')}")
    except ClusterError:
        return []
    return sorted(found, key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")


def what_holds(object: Object) -> str:
    """What keeps an object that is being deleted from ending; empty when nothing says."""
    conditions = (object.get("status") or {}).get("conditions") or []
    remaining = [str(each.get("message")) for each in conditions if each.get("status") == "True"]
    if object.get("kind") == "Namespace" and remaining:
        return " ".join(remaining)
    finalizers = metadata(object).get("finalizers") or []
    return f"waiting for {', '.join(finalizers)}" if finalizers else ""
