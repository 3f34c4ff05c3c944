"""NET: who can reach the endpoint, and whom it can reach."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from modelport_policies.control import Control, Levels
from modelport_policies.kubernetes import (
    INGRESS,
    NETWORK_POLICY,
    SERVICE,
    WORKLOADS,
    mark,
    namespace,
    pod,
    selects,
)
from modelport_policies.resource import Resource, at, items, mapping

FRAMEWORKS = ("NIST SC-7", "NIST AC-4", "ISO27001 A.8.20", "SOC2 CC6.6", "PCI 1.3", "GDPR 32", "EU AI Act 15(5)")
INTERNAL_BALANCER = {
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
    "networking.gke.io/load-balancer-type": "Internal",
}


def server_is_on_loopback(server: Resource) -> Iterable[str]:
    """`host` is a loopback address: a server process has neither authentication nor encryption of its own."""
    host = server.at("host") or "127.0.0.1"
    if not is_loopback(host):
        yield f"the server listens on {host}, which other machines reach"


def is_loopback(host: object) -> bool:
    """Whether only this machine reaches the address. A name other than localhost may be anything."""
    try:
        return ip_address(str(host)).is_loopback
    except ValueError:
        return host == "localhost"


def service_is_internal(service: Resource) -> Iterable[str]:
    """`spec.type` is `ClusterIP` or an internal `LoadBalancer`, no `externalIPs`; or a label `exposure` is `public`."""
    if mark(service, "exposure") == "public":
        return
    kind = service.at("spec", "type") or "ClusterIP"
    if kind == "NodePort" or (kind == "LoadBalancer" and not has_internal_balancer(service)):
        yield f"spec.type {kind} opens the service beyond the cluster; it is not declared public"
    if items(service.at("spec", "externalIPs")):
        yield "spec.externalIPs opens the service beyond the cluster; it is not declared public"


def has_internal_balancer(service: Resource) -> bool:
    """Whether a provider's annotation keeps the load balancer off the internet."""
    annotations = service.at("metadata", "annotations")
    return any(at(annotations, key) == value for key, value in INTERNAL_BALANCER.items())


def ingress_says_how_far_it_reaches(ingress: Resource) -> Iterable[str]:
    """A label or annotation `exposure` is `private` or `public`, or the ALB scheme is `internal`."""
    scheme = ingress.at("metadata", "annotations", "alb.ingress.kubernetes.io/scheme")
    if scheme != "internal" and mark(ingress, "exposure") not in ("private", "public"):
        yield "the ingress may be open to the internet: it is declared neither private nor public"


def pods_are_isolated(workload: Resource) -> Iterable[str]:
    """A `NetworkPolicy` of the namespace selects the pods, for ingress and for egress, and none allows everything."""
    labels = mapping(at(pod(workload), "metadata", "labels"))
    policies = [
        other
        for other in workload.stack
        if other.type == NETWORK_POLICY
        and namespace(other) == namespace(workload)
        and selects(other.at("spec", "podSelector"), labels)
    ]
    for direction in ("Ingress", "Egress"):
        ruling = [policy for policy in policies if direction in directions(policy)]
        if not ruling:
            yield f"no NetworkPolicy limits the {direction.lower()} of its pods"
        for policy in ruling:
            if any(allows_all(rule) for rule in items(policy.at("spec", direction.lower()))):
                yield f"NetworkPolicy {policy.name} allows every {direction.lower()}"


def directions(policy: Resource) -> list[str]:
    """What a policy isolates; without `policyTypes`, ingress always and egress where it has rules."""
    given = list(items(policy.at("spec", "policyTypes")))
    return given or ["Ingress", *(["Egress"] if items(policy.at("spec", "egress")) else [])]


def allows_all(rule: Any) -> bool:
    """An empty rule: any peer, any port."""
    return not any(items(at(rule, key)) for key in ("from", "to", "ports"))


CONTROLS = (
    Control(
        id="NET-01",
        title="The inference endpoint is private unless it is declared public",
        severity="critical",
        levels=Levels("mandatory", "mandatory", "mandatory"),
        frameworks=FRAMEWORKS,
        remediation="Keep it on loopback, ClusterIP or an internal load balancer; if the world is meant to call a "
        "service on a cluster, declare `security.exposure: public`.",
        checks={
            "modelport:local:Server": server_is_on_loopback,
            SERVICE: service_is_internal,
            INGRESS: ingress_says_how_far_it_reaches,
        },
    ),
    Control(
        id="NET-14",
        title="Every serving pod is isolated by a network policy",
        severity="high",
        levels=Levels("disabled", "mandatory", "mandatory"),
        frameworks=(*FRAMEWORKS, "CIS K8s 5.3.2"),
        remediation="Add a NetworkPolicy with policyTypes [Ingress, Egress] that selects the pods, and allow only the "
        "peers they need.",
        checks=dict.fromkeys(WORKLOADS, pods_are_isolated),
        scope="stack",
    ),
)
