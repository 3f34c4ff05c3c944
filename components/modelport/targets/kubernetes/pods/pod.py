"""What every pod of a service has: no rights, no token, nothing to write on but what it is given."""

from __future__ import annotations

from typing import Any

import pulumi

from modelport.plan import Plan

from .. import resources
from ..gpus.placement import placed

USER = 65532
"""The image's own; no id of a node's user."""
CONTEXT = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_CONTEXT = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
SCRATCH = {"name": "scratch", "emptyDir": {"sizeLimit": "64Mi"}}
SCRATCH_MOUNT = {"name": "scratch", "mountPath": "/tmp"}  # noqa: S108  a volume of the pod's own


def pod(plan: Plan, account: pulumi.Input[str], priority: pulumi.Input[str]) -> dict[str, Any]:
    """The spec of a pod without its containers and volumes."""
    secret = plan.environment.existing.pull_secret
    return {
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": priority,
        "securityContext": CONTEXT,
        **({"imagePullSecrets": [{"name": secret}]} if secret is not None else {}),
        **placed(plan),
    }


def container(plan: Plan, name: str, image: pulumi.Input[str]) -> dict[str, Any]:
    """A container without what it does. Those before the server get what it gets: the pod asks for no more."""
    instance = resources.of_instance(plan.spec.compute)
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {"requests": instance, "limits": instance},
        "securityContext": CONTAINER_CONTEXT,
    }
