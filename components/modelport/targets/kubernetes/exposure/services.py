from __future__ import annotations

import pulumi

from modelport.plan import Plan, Release
from modelport.plan.bounds import may_rest
from modelport.spec.releases import SLOTS, Slot
from modelport.targets.version import Version

from ..objects import SERVICE, Objects, selector_of
from ..pods.server import ports
from .doors import is_routed

PUBLISHED = {"http": 80, "grpc": 8081}
PROTOCOLS = {"http": "http", "grpc": "kubernetes.io/h2c"}
AWAITS_NOBODY = {"pulumi.com/skipAwait": "true"}
"""Whether there are pods just then is not to be waited for."""


def service(own: Objects, version: Version) -> pulumi.CustomResource:
    """The address of a version within the cluster, when its pods are ready.

    That of the stable one is the service's own, and goes over from slot to slot; a candidate's is of its slot.
    """
    release = version.release
    awaited = release.wait and not may_rest(own.plan.spec.scaling)
    return _service(own, service_role(release), address(own.plan, release), version.slot, awaited)


def spare_services(own: Objects, stable: Version) -> None:
    """Stable, at the names of slots that no candidate has: a gateway that is late with its routes finds it there."""
    plan = own.plan
    if not is_routed(plan.environment.existing, plan.spec.security.exposure):
        return
    taken = {release.slot for release in plan.releases if release.role == "candidate"}
    for slot in SLOTS:
        if slot not in taken:
            _service(own, f"service-{slot}", plan.names.of(slot), stable.slot, awaited=False)


def services(own: Objects) -> list[pulumi.Resource]:
    """All addresses of the service."""
    roles = ("service", *(f"service-{slot}" for slot in SLOTS))
    return [own.resources[role] for role in roles if role in own.resources]


def service_role(release: Release) -> str:
    """The role of the Service of a release."""
    return "service" if release.role == "stable" else f"service-{release.slot}"


def address(plan: Plan, release: Release) -> str:
    """The name of the Service of a release."""
    return plan.names.of() if release.role == "stable" else plan.names.of(release.slot)


def _service(own: Objects, role: str, name: str, slot: Slot, awaited: bool) -> pulumi.CustomResource:
    """A Service that leads to the pods of a slot."""
    published = [
        {"name": port, "port": PUBLISHED[port], "targetPort": port, "appProtocol": PROTOCOLS[port]}
        for port in ports(own.plan)
    ]
    spec = {"type": "ClusterIP", "selector": selector_of(own.plan, slot), "ports": published}
    metadata = {} if awaited else {"annotations": AWAITS_NOBODY}
    opts = pulumi.ResourceOptions(depends_on=[own.resources[f"server-{slot}"]])
    return own.object(SERVICE, role, {"spec": spec}, name=name, metadata=metadata, opts=opts)
