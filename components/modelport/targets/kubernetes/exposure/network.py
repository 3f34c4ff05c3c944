from __future__ import annotations

from typing import Any

from modelport.plan import Plan

from ..objects import NETWORK_POLICY, Objects, selector_of
from ..pods import outbound
from ..pods.delivery import fetches_from
from ..pods.server import ports
from .doors import proxies

NAME_OF = "kubernetes.io/metadata.name"
DNS_NAMESPACES = ("kube-system", "openshift-dns")
DNS_PORTS = (53, 5353)
"""Of DNS pods; the second on OpenShift: https://docs.openshift.com/container-platform/latest/networking/dns-operator.html."""
DNS_OF_NODES = "169.254.20.10/32"
"""Where NodeLocal DNSCache answers: https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns."""
GOOGLE = "iam.gke.io/"
GOOGLE_METADATA = (("169.254.169.254/32", 80), ("169.254.169.252/32", 988))
"""Where pods get their identity on GKE: https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy."""


def network(own: Objects) -> None:
    """Nothing goes in and out but what the service is there for, and nothing at all of other pods in its namespace."""
    if own.plan.environment.existing.namespace is None:
        nothing = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        own.object(NETWORK_POLICY, "deny", {"spec": nothing})
    egress = _egress(own.plan)
    spec = {
        "podSelector": {"matchLabels": selector_of(own.plan)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": _ingress(own.plan),
        **({"egress": egress} if egress else {}),
    }
    own.object(NETWORK_POLICY, "network", {"spec": spec})


def _ingress(plan: Plan) -> list[dict[str, Any]]:
    """Callers, what lets them in from outside, and whoever scrapes metrics, which are served on the port for HTTP."""
    existing = plan.environment.existing
    outside = [] if proxies(plan) is None else [proxies(plan)]
    callers = [{"podSelector": {}}, *map(_pods_of, [*existing.callers, *outside])]
    rules = [{"from": callers, "ports": [_tcp(number) for number in ports(plan).values()]}]
    if existing.prometheus is not None:
        rules.append({"from": [_pods_of(existing.prometheus)], "ports": [_tcp(ports(plan)["http"])]})
    return rules


def _egress(plan: Plan) -> list[dict[str, Any]]:
    """The stores of models, whose addresses change and whose names a policy cannot hold, and what finds them."""
    stores = fetches_from(plan)
    if not stores:
        return []
    dns = [{"port": port, "protocol": protocol} for port in DNS_PORTS for protocol in ("UDP", "TCP")]
    rules = [
        {"to": [*map(_pods_of, DNS_NAMESPACES), {"ipBlock": {"cidr": DNS_OF_NODES}}], "ports": dns},
        {"ports": [_tcp(number) for number in outbound.ports(plan.environment.existing, stores)]},
    ]
    if any(key.startswith(GOOGLE) for key in plan.environment.existing.identity):
        rules += [{"to": [{"ipBlock": {"cidr": cidr}}], "ports": [_tcp(number)]} for cidr, number in GOOGLE_METADATA]
    return rules


def _pods_of(namespace: Any) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {NAME_OF: namespace}}}


def _tcp(number: int) -> dict[str, Any]:
    return {"port": number, "protocol": "TCP"}
