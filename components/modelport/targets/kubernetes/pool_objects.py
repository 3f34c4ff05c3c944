from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from modelport.plan import unique_name
from modelport.spec import Environment, Patch
from modelport.targets.children import Parts

from .objects import CustomKind, Kind


class PoolObjects(Parts):
    """Makes the Kubernetes objects of a stack's GPU pools: labelled, in a namespace of their own, and patched last.

    Attributes:
        instance: their name, which that of no service can be.
        namespace: the given one, or else one of that name.
        labels: of every object.
    """

    def __init__(
        self, parent: pulumi.ComponentResource, name: str, environment: Environment, patches: Mapping[str, Patch]
    ):
        super().__init__(parent, name, patches)
        self.environment = environment
        self.instance = unique_name("gpuPools", environment.stack, max_length=63)
        self.namespace = environment.gpu_pools.namespace or self.instance
        self.labels = {
            "app.kubernetes.io/name": "gpu-pools",
            "app.kubernetes.io/instance": self.instance,
            "app.kubernetes.io/managed-by": "modelport",
            "stack": environment.stack,
            "environment": environment.environment,
            "managedBy": "modelport",
        }

    def called(self, name: str) -> str:
        """The name of an object, which in a namespace of others says whose it is."""
        return name if self.namespace == self.instance else f"{self.instance}-{name}"

    def object(
        self,
        kind: Kind | CustomKind,
        role: str,
        body: Mapping[str, Any],
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> pulumi.CustomResource:
        """The object in a role, from a manifest without metadata; its name is the role's unless given."""
        place = {"namespace": self.namespace} if kind.is_namespaced else {}
        metadata = {"name": name or self.called(role), **place, "labels": {**self.labels, **(labels or {})}}
        home = [self.resources[each] for each in ("namespace",) if each in self.resources]
        opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(depends_on=home), opts)
        return self.register(kind, role, {"metadata": metadata, **body}, opts)
