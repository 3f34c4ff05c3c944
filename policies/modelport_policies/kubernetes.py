"""Where Kubernetes keeps what the controls read: pod templates, containers, labels, selectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelport_policies.resource import Resource, at, items, mapping

POD = "kubernetes:core/v1:Pod"
CRON_JOB = "kubernetes:batch/v1:CronJob"
SERVICE = "kubernetes:core/v1:Service"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
WORKLOADS = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:ReplicaSet",
    "kubernetes:batch/v1:Job",
    CRON_JOB,
    POD,
)


def pod(resource: Resource) -> Mapping[str, Any]:
    """The pod (template) of a workload: its `metadata` and `spec`."""
    if resource.type == POD:
        return resource.inputs
    if resource.type == CRON_JOB:
        return mapping(resource.at("spec", "jobTemplate", "spec", "template"))
    return mapping(resource.at("spec", "template"))


def containers(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every container of a workload as (name, container), init and ephemeral ones too."""
    spec = at(pod(resource), "spec")
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for number, container in enumerate(items(at(spec, kind))):
            yield at(container, "name") or f"{kind}[{number}]", mapping(container)


def marks(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Labels and annotations as (name, where, key), the name being the plain last part of the key."""
    for kind in ("labels", "annotations"):
        values = mapping(resource.at("metadata", kind))
        for key in values:
            yield plain(key.rpartition("/")[2]), values, key


def mark(resource: Resource, name: str) -> Any:
    """The value of the label or annotation of this plain name, None without one."""
    return next((values[key] for each, values, key in marks(resource) if each == name), None)


def plain(key: str) -> str:
    """A tag's name without the case and the separators in which platforms differ: `cost-center` is `costcenter`."""
    return key.replace("-", "").replace("_", "").lower()


def namespace(resource: Resource) -> str:
    """The namespace the object lands in."""
    return str(resource.at("metadata", "namespace") or "default")


def selects(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Whether a label selector matches; an empty one matches everything."""
    wanted = mapping(at(selector, "matchLabels"))
    expressions = items(at(selector, "matchExpressions"))
    return all(labels.get(key) == wanted[key] for key in wanted) and all(holds(each, labels) for each in expressions)


def holds(expression: Any, labels: Mapping[str, Any]) -> bool:
    """One `matchExpressions` requirement."""
    value, operator = labels.get(str(at(expression, "key"))), str(at(expression, "operator"))
    listed = value in list(items(at(expression, "values")))
    truth = {"In": listed, "NotIn": not listed, "Exists": value is not None, "DoesNotExist": value is None}
    return truth.get(operator, False)
