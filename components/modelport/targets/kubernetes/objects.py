from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

import pulumi

from modelport.plan import Plan
from modelport.spec import Patch
from modelport.targets.children import Children, Parts
from modelport.targets.kinds import Kind as SdkKind

SDK = "pulumi_kubernetes"
WORKLOAD_LENGTH = 57
"""Most characters of a Deployment's name: the API server keeps 58 of what the names of pods begin with."""


@dataclass(frozen=True)
class Kind(SdkKind):
    """A class of Pulumi's Kubernetes SDK; its inputs are the fields of the manifest.

    Attributes:
        is_namespaced: whether its objects live in a namespace.
    """

    SDK = SDK
    CONSTANT = frozenset({"api_version", "kind", "status"})

    is_namespaced: bool = True


@dataclass(frozen=True)
class CustomKind:
    """A kind that a custom resource definition of the cluster brings.

    Attributes:
        version: of its API, like `keda.sh/v1alpha1`.
    """

    version: str
    kind: str
    is_namespaced = True
    inputs = ("metadata", "spec")

    def __call__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
        """An object of this kind, from the fields of its manifest."""
        made: pulumi.CustomResource = resolve_name(f"{SDK}.apiextensions:CustomResource")(
            name, api_version=self.version, kind=self.kind, opts=opts, **inputs
        )
        return made


ALERTMANAGER_CONFIG = CustomKind("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig")
CERTIFICATE = CustomKind("cert-manager.io/v1", "Certificate")
CONFIG_MAP = Kind("core.v1:ConfigMap")
DAEMON_SET = Kind("apps.v1:DaemonSet")
DEPLOYMENT = Kind("apps.v1:Deployment")
DISRUPTION_BUDGET = Kind("policy.v1:PodDisruptionBudget")
GATEWAY = CustomKind("gateway.networking.k8s.io/v1", "Gateway")
GRPC_ROUTE = CustomKind("gateway.networking.k8s.io/v1", "GRPCRoute")
HTTP_ROUTE = CustomKind("gateway.networking.k8s.io/v1", "HTTPRoute")
INGRESS = Kind("networking.v1:Ingress")
HORIZONTAL_AUTOSCALER = Kind("autoscaling.v2:HorizontalPodAutoscaler")
LIMIT_RANGE = Kind("core.v1:LimitRange")
NAMESPACE = Kind("core.v1:Namespace", is_namespaced=False)
NETWORK_POLICY = Kind("networking.v1:NetworkPolicy")
NODE_PATCH = Kind("core.v1:NodePatch", is_namespaced=False)
POD_MONITOR = CustomKind("monitoring.coreos.com/v1", "PodMonitor")
PRIORITY_CLASS = Kind("scheduling.v1:PriorityClass", is_namespaced=False)
PROMETHEUS_RULE = CustomKind("monitoring.coreos.com/v1", "PrometheusRule")
RESOURCE_QUOTA = Kind("core.v1:ResourceQuota")
SCALED_OBJECT = CustomKind("keda.sh/v1alpha1", "ScaledObject")
SERVICE = Kind("core.v1:Service")
SERVICE_ACCOUNT = Kind("core.v1:ServiceAccount")


class Manifests(Parts, ABC):
    """Makes Kubernetes objects: labelled, in a namespace and after it, and patched last.

    Attributes:
        namespace: its name.
        labels: of every object.
    """

    namespace: pulumi.Input[str]
    labels: Mapping[str, str]

    @abstractmethod
    def called(self, role: str) -> str:
        """The name of the object in a role."""

    def object(
        self,
        kind: Kind | CustomKind,
        role: str,
        body: Mapping[str, Any],
        *,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> pulumi.CustomResource:
        """The object in a role, from a manifest without what every object has; its name is the role's unless given."""
        given = dict(metadata or {})
        labels = {**self.labels, **given.pop("labels", {})}
        place = {"namespace": self.namespace} if kind.is_namespaced else {}
        own = {"name": name or self.called(role), **place, "labels": labels, **given}
        home = [self.resources[each] for each in ("namespace",) if each in self.resources]
        opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(depends_on=home), opts)
        return self.register(kind, role, {"metadata": own, **body}, opts)


class Objects(Manifests, Children):
    """Makes the Kubernetes objects of a service."""

    def __init__(self, parent: pulumi.ComponentResource, name: str, plan: Plan, patches: Mapping[str, Patch]):
        super().__init__(parent, name, plan, patches)
        self.namespace = plan.environment.existing.namespace or plan.names.of()
        self.labels = labels_of(plan)

    def called(self, role: str) -> str:
        """The name of the object in a role."""
        return self.plan.names.of(role)


def labels_of(plan: Plan) -> dict[str, str]:
    """What every object of a service is labelled with."""
    return {**plan.tags, **selector_of(plan), "app.kubernetes.io/managed-by": "modelport"}


def fingerprint(said: str) -> str:
    """A short hash of what an object says, for the name of one that is made anew when it is to say something else."""
    return hashlib.sha256(said.encode()).hexdigest()[:10]


def workload(plan: Plan, slot: str) -> str:
    """The name of a slot's Deployment, with which the names of all its pods begin."""
    return plan.names.of(slot, max_length=WORKLOAD_LENGTH)


def selector_of(plan: Plan, slot: str | None = None) -> dict[str, str]:
    """The labels that tell the pods of a service, or of one of its slots, from all others. They never change."""
    own = {"app.kubernetes.io/name": plan.name, "app.kubernetes.io/instance": plan.names.of()}
    return {**own, "modelport/slot": slot} if slot else own
