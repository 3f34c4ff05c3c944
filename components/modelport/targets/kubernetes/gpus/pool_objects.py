from __future__ import annotations

from collections.abc import Mapping

import pulumi

from modelport.plan import unique_name
from modelport.spec import Environment, Patch

from .. import TARGET
from ..objects import Manifests


class PoolObjects(Manifests):
    """Makes the Kubernetes objects of a stack's GPU pools, in the given namespace or one of their own.

    Attributes:
        instance: their name, which that of no service can be.
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
            "stack": TARGET.tag_rule.value(environment.stack),
            "environment": environment.environment,
            "managedBy": "modelport",
        }

    def called(self, role: str) -> str:
        """The name of an object, which in a namespace of others says whose it is."""
        return role if self.namespace == self.instance else f"{self.instance}-{role}"
