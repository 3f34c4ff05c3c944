from __future__ import annotations

import pulumi

from .objects import SERVICE_ACCOUNT, Objects

AZURE = "azure.workload.identity/"


def identity(own: Objects) -> pulumi.Input[str]:
    """The service account of the pods, made unless it is given. It may do nothing in the cluster, and has no token."""
    existing = own.plan.environment.existing
    if existing.role is not None:
        return existing.role
    metadata = {"annotations": dict(existing.identity)} if existing.identity else {}
    own.object(
        SERVICE_ACCOUNT,
        "identity",
        {"automountServiceAccountToken": False},
        name=own.plan.names.of(),
        metadata=metadata,
    )
    return own.plan.names.of()


def identity_labels(own: Objects) -> dict[str, str]:
    """What a cloud wants to see on pods that it shall give its identity."""
    bound = any(key.startswith(AZURE) for key in own.plan.environment.existing.identity)
    return {f"{AZURE}use": "true"} if bound else {}
