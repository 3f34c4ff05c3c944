from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import pulumi

from modelport.plan import Plan
from modelport.spec import Patch

from .patches import patched_inputs, patched_options

R = TypeVar("R", bound=pulumi.CustomResource)


class Children:
    """Makes the resources of a component: named after it, its children, tagged, and patched last.

    Attributes:
        plan: what is to be made.
        resources: what was made, by role.
    """

    def __init__(self, parent: pulumi.ComponentResource, name: str, plan: Plan, patches: Mapping[str, Patch]):
        self._parent, self._name, self._patches = parent, name, patches
        self.plan = plan
        self.resources: dict[str, Any] = {}

    def name(self, role: str) -> str:
        """The logical name of the resource with a role. Logical names are public."""
        return f"{self._name}-{role}"

    def make(self, kind: type[R], role: str, inputs: Mapping[str, Any]) -> R:
        """A `kind` in its role, from inputs without tags."""
        patch = self._patches.get(role, Patch())
        options = patched_options(pulumi.ResourceOptions(parent=self._parent), patch)
        made: R = kind(self.name(role), patched_inputs({**inputs, "tags": dict(self.plan.tags)}, patch), options)
        self.resources[role] = made
        return made
