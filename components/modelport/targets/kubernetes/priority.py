from __future__ import annotations

import pulumi

from .objects import PRIORITY_CLASS, Objects

VALUE = 100_000


def priority(own: Objects) -> pulumi.Input[str]:
    """The priority class of the pods, made unless it is given: they go before batch work, and evict nobody for it."""
    existing = own.plan.environment.existing.priority_class
    if existing is not None:
        return existing
    body = {
        "value": VALUE,
        "preemptionPolicy": "Never",
        "description": "Pods that answer requests.",
    }
    own.object(PRIORITY_CLASS, "priority", body, name=own.plan.names.of())
    return own.plan.names.of()
