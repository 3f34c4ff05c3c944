"""What changes of a service in a cluster are to its callers."""

from __future__ import annotations

from collections.abc import Sequence

from modelport.plan.change import REVERT, Change, Effect, of_type

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NAMESPACE = "kubernetes:core/v1:Namespace"
DOORS = (
    "kubernetes:core/v1:Service",
    "kubernetes:networking.k8s.io/v1:Ingress",
    "kubernetes:gateway.networking.k8s.io/v1:Gateway",
    "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
    "kubernetes:gateway.networking.k8s.io/v1:GRPCRoute",
)
"""What leads requests to pods."""
REPLACED = ("replaces", "may replace")

ROLLING = "pods are replaced a few at a time; each leaves when its successor is ready"
BESIDE = "pods of the other version start beside, and get requests when they are ready"


def effect(changes: Sequence[Change]) -> Effect:
    """The worst of what happens to the namespace, the pods and the ways to them."""
    namespaces, pods, doors = (of_type(changes, *types) for types in ((NAMESPACE,), (DEPLOYMENT,), DOORS))
    kinds = {each.kind for each in pods}
    if all(each.kind == "create" for each in changes):
        return Effect("no", "everything is new", "run destroy, or take the service out of the stack")
    if any(each.kind in ("delete", "replaces") for each in namespaces):
        return Effect("yes", "the namespace goes with everything in it", REVERT)
    if lost := [each for each in pods if each.kind in REPLACED]:
        return Effect("yes", f"{lost[0].name} is deleted before it is made anew", REVERT)
    if all(each.kind == "delete" for each in changes):
        return Effect("yes", "the service goes", REVERT)
    if moved := [each for each in doors if each.kind in REPLACED]:
        return Effect("maybe", f"{moved[0].name} is made anew, perhaps at another address", REVERT)
    return Effect("no", _rollout(kinds), "modelport rollout abort, or " + REVERT if "create" in kinds else REVERT)


def _rollout(kinds: set[str]) -> str:
    words = [BESIDE] if "create" in kinds else []
    words += [ROLLING] if "in place" in kinds else []
    words += ["pods that get no requests any more leave"] if "delete" in kinds else []
    return "; ".join(words) or "pods go on as they are"
