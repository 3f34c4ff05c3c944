from __future__ import annotations

from typing import Any

import pulumi

from modelport.plan import Plan, Release

from ..objects import CERTIFICATE, GATEWAY, GRPC_ROUTE, HTTP_ROUTE, INGRESS, Objects
from ..pods.availability import EXIT_SECONDS, drain_seconds
from .doors import gateway_of, hosts, proxies
from .network import NAME_OF
from .services import PUBLISHED, address, services

INFERENCE = "/v2"
"""What callers from outside reach of the HTTP port, which also has metrics."""
GRPC_SERVICE = "inference.GRPCInferenceService"
OF_A_GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}
OF_THE_SERVICE = {"group": "", "kind": "Service"}
"""What the definitions would fill in: lists that say less are others to whoever applies the same routes besides."""
TLS_PORT = 443


def exposure(own: Objects) -> None:
    """The way to the service from outside of its cluster, with TLS; none to a private one."""
    plan = own.plan
    if not hosts(plan):
        return
    if gateway_of(plan.environment.existing, plan.spec.security.exposure) is not None:
        _routes(own, _given_gateway(plan))
    elif plan.environment.existing.gateway_class is not None:
        _routes(own, _gateway(own))
    else:
        _ingress(own)


def _given_gateway(plan: Plan) -> dict[str, Any]:
    existing = plan.environment.existing
    namespace, name, listener = gateway_of(existing, plan.spec.security.exposure).split("/")
    return {"namespace": namespace, "name": name, "sectionName": listener}


def _gateway(own: Objects) -> dict[str, Any]:
    """A gateway for this service alone, beside the pods that make it."""
    plan, place = own.plan, proxies(own.plan)
    secret = _certificate(own, place)
    callers = {"from": "Selector", "selector": {"matchLabels": {NAME_OF: own.namespace}}}
    listeners = [
        {
            "name": port,
            "hostname": host,
            "port": TLS_PORT,
            "protocol": "HTTPS",
            "tls": {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": secret}]},
            "allowedRoutes": {"namespaces": callers},
        }
        for port, host in hosts(plan).items()
    ]
    spec = {"gatewayClassName": plan.environment.existing.gateway_class, "listeners": listeners}
    own.object(GATEWAY, "gateway", {"spec": spec}, name=plan.names.of(), metadata=_open(plan, place))
    return {"namespace": place, "name": plan.names.of()}


def _routes(own: Objects, gateway: dict[str, Any]) -> None:
    """Each version gets its share of the requests, when all that are to get some are ready."""
    plan = own.plan
    matches = {
        "http": {"path": {"type": "PathPrefix", "value": INFERENCE}},
        "grpc": {"method": {"type": "Exact", "service": GRPC_SERVICE}},
    }
    longest = {"http": {"timeouts": {"request": f"{drain_seconds(plan) + EXIT_SECONDS}s"}}, "grpc": {}}
    for port, host in hosts(plan).items():
        rule = {
            "matches": [matches[port]],
            "backendRefs": [{**_backend(plan, each, port), "weight": each.weight} for each in plan.releases],
            **_copies(plan, port),
            **longest[port],
        }
        parent = {**OF_A_GATEWAY, "sectionName": port, **gateway}
        spec = {"parentRefs": [parent], "hostnames": [host], "rules": [rule]}
        kind, role = (HTTP_ROUTE, "route") if port == "http" else (GRPC_ROUTE, "grpcroute")
        own.object(kind, role, {"spec": spec}, name=plan.names.of(), metadata=_open(plan), opts=_after_services(own))


def _backend(plan: Plan, release: Release, port: str) -> dict[str, Any]:
    return {**OF_THE_SERVICE, "name": address(plan, release), "port": PUBLISHED[port]}


def _copies(plan: Plan, port: str) -> dict[str, Any]:
    """Requests that a version is only to see: nobody waits for its answers."""
    copies = [
        {
            "type": "RequestMirror",
            "requestMirror": {"backendRef": _backend(plan, each, port), "percent": each.mirror},
        }
        for each in plan.releases
        if each.mirror
    ]
    return {"filters": copies} if copies else {}


def _ingress(own: Objects) -> None:
    plan, host = own.plan, hosts(own.plan)["http"]
    backend = {"service": {"name": plan.names.of(), "port": {"name": "http"}}}
    spec = {
        "ingressClassName": plan.environment.existing.ingress_class,
        "tls": [{"hosts": [host], "secretName": _certificate(own, own.namespace)}],
        "rules": [{"host": host, "http": {"paths": [{"path": INFERENCE, "pathType": "Prefix", "backend": backend}]}}],
    }
    opts = _after_services(own)
    own.object(INGRESS, "ingress", {"spec": spec}, name=plan.names.of(), metadata=_open(plan), opts=opts)


def _certificate(own: Objects, place: pulumi.Input[str]) -> pulumi.Input[str]:
    """The secret of the certificate: the given one, or one that cert-manager keeps for as long as the service is."""
    plan, existing = own.plan, own.plan.environment.existing
    if existing.certificate is not None:
        return existing.certificate
    secret = plan.names.of("tls")
    spec = {
        "secretName": secret,
        "dnsNames": list(hosts(plan).values()),
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": existing.issuer},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
    }
    own.object(CERTIFICATE, "certificate", {"spec": spec}, name=plan.names.of(), metadata={"namespace": place})
    return secret


def _open(plan: Plan, namespace: Any = None) -> dict[str, Any]:
    """What says of an object that it opens the service, and to whom."""
    place = {} if namespace is None else {"namespace": namespace}
    return {"labels": {"exposure": plan.spec.security.exposure}, **place}


def _after_services(own: Objects) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(depends_on=services(own))
