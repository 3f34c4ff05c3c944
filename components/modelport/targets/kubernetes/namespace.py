from __future__ import annotations

from .objects import NAMESPACE, Objects

POD_SECURITY = "restricted"


def namespace(own: Objects) -> None:
    """A namespace of the service's own, which takes none but hardened pods, unless one is given."""
    if own.plan.environment.existing.namespace is None:
        modes = {f"pod-security.kubernetes.io/{mode}": POD_SECURITY for mode in ("enforce", "audit", "warn")}
        own.object(NAMESPACE, "namespace", {}, name=own.plan.names.of(), metadata={"labels": modes})
