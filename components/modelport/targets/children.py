from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pulumi

from modelport.plan import Plan
from modelport.spec import Patch

from .patches import patched_inputs, patched_options

R = TypeVar("R", bound=pulumi.CustomResource)
Maker = Callable[[str, Mapping[str, Any], pulumi.ResourceOptions], R]
"""A resource class, or what stands for one: it takes a logical name, inputs and options."""


class Parts:
    """Makes the resources of a component: named after it, its children, and patched last.

    Attributes:
        resources: what was made, by role.
    """

    def __init__(self, parent: pulumi.ComponentResource, name: str, patches: Mapping[str, Patch]):
        self._parent, self._name, self._patches = parent, name, patches
        self.resources: dict[str, Any] = {}

    def name(self, role: str) -> str:
        """The logical name of the resource with a role. Logical names are public."""
        return f"{self._name}-{role}"

    def register(
        self, kind: Maker[R], role: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> R:
        """A `kind` in its role, from all its inputs."""
        patch = self._patches.get(role, Patch())
        child = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self._parent), opts)
        made = kind(self.name(role), patched_inputs(inputs, patch), patched_options(child, patch))
        self.resources[role] = made
        return made


class Children(Parts):
    """Makes the resources of a service's component, tagged.

    Attributes:
        plan: what is to be made.
    """

    def __init__(self, parent: pulumi.ComponentResource, name: str, plan: Plan, patches: Mapping[str, Patch]):
        super().__init__(parent, name, patches)
        self.plan = plan

    def make(
        self, kind: Maker[R], role: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> R:
        """A `kind` in its role, from inputs without tags."""
        return self.register(kind, role, {**inputs, "tags": dict(self.plan.tags)}, opts)
