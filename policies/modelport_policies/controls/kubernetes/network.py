"""NET on Kubernetes and on this machine: which ways lead to pods and servers, and from them to others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from modelport_policies.control import NotApplicable
from modelport_policies.kubernetes import (
    INGRESS,
    NETWORK_POLICY,
    SERVICE,
    WORKLOADS,
    beside,
    contains,
    has_own_namespace,
    mark,
    namespace,
    pod_labels,
    selects,
    servers,
)
from modelport_policies.resource import Resource, at, is_set, items, mapping, number, text, type_of

INSTANCE = ("metadata", "labels", "app.kubernetes.io/instance")
SNIPPET = re.compile(r"-snippets?$")
LARGEST_OWN = {4: 8, 6: 7}
"""Prefixes of the largest networks that are not everybody's, by version: 10.0.0.0/8 and fc00::/7."""
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


def egress_has_bounds(policy: Resource) -> Iterable[str]:
    """Rules of `spec.egress` for every address (no `to`, or an `ipBlock` larger than any private network) name their
    ports, no ranges, and those are among parameter `ports` if it has any. A policy knows no names of hosts.
    """
    if "Egress" not in directions(policy):
        raise NotApplicable("it says nothing about egress")
    for rule in items(policy.at("spec", "egress")):
        if is_for_every_address(rule):
            yield from unbounded(rule, policy.parameters["ports"])


def is_for_every_address(rule: Any) -> bool:
    """Whether an egress rule leads to the whole internet."""
    peers = items(at(rule, "to"))
    return not peers or any(is_everybodys(text(at(peer, "ipBlock", "cidr"))) for peer in peers)


def is_everybodys(cidr: str) -> bool:
    """Whether a range of addresses is larger than a private network can be."""
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        return False
    return network.prefixlen < LARGEST_OWN[network.version]


def unbounded(rule: Any, allowed: list[Any]) -> Iterable[str]:
    """What an egress rule for every address leaves open."""
    ports = items(at(rule, "ports"))
    if not ports:
        yield "every port of every address may be reached"
    for port in ports:
        first = at(port, "port")
        if first is None or at(port, "endPort") is not None:
            yield "a range of ports of every address may be reached"
        elif allowed and first not in allowed:
            yield f"port {as_port(first)} of every address may be reached, which is not allowed"


def as_port(port: Any) -> str:
    """A port in a message."""
    return f"{port:g}" if isinstance(port, float) else str(port)


def pods_are_isolated(workload: Resource) -> Iterable[str]:
    """A `NetworkPolicy` of the namespace selects the pods, for ingress and for egress, and none allows everything."""
    labels = pod_labels(workload)
    policies = [each for each in beside(workload, NETWORK_POLICY) if selects(each.at("spec", "podSelector"), labels)]
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


def policy_is_about_something(policy: Resource) -> Iterable[str]:
    """In a namespace of the stack's own, `spec.podSelector` selects pods, and so does the `podSelector` of each peer
    that has no `namespaceSelector`.
    """
    if not has_own_namespace(policy):
        raise NotApplicable("pods that it selects may be of another stack")
    there = [pod_labels(each) for each in beside(policy, *WORKLOADS)]
    for whose, selector in selectors(policy):
        if selector and not any(selects(selector, labels) for labels in there):
            yield f"{whose} selects no pods of the stack"


def selectors(policy: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The selectors of a policy for pods of its own namespace, each with whose it is; an empty one selects all."""
    yield "podSelector", mapping(policy.at("spec", "podSelector"))
    for direction, key in (("ingress", "from"), ("egress", "to")):
        for rule in items(policy.at("spec", direction)):
            for peer in items(at(rule, key)):
                if not is_set(peer, "namespaceSelector"):
                    yield f"a peer of {direction}", mapping(at(peer, "podSelector"))


def ingress_is_explicit(ingress: Resource) -> Iterable[str]:
    """Each of `spec.rules` and `spec.tls` names its hosts, without a wildcard; there is no `defaultBackend` and no
    snippet among the annotations; no ingress of another namespace has one of its hosts; in a namespace of the stack's
    own, the services that it leads to are there.
    """
    for rule in items(ingress.at("spec", "rules")):
        yield from not_explicit("a rule", text(at(rule, "host")))
    for entry in items(ingress.at("spec", "tls")):
        for host in [text(each) for each in items(at(entry, "hosts"))] or [""]:
            yield from not_explicit("tls", host)
    if ingress.at("spec", "defaultBackend"):
        yield "spec.defaultBackend takes requests for every host"
    for key in mapping(ingress.at("metadata", "annotations")):
        if SNIPPET.search(key):
            yield f"{key} puts text into the configuration of the ingress controller"
    yield from contested(ingress)
    yield from dangling(ingress)


def not_explicit(what: str, host: str) -> Iterable[str]:
    """What is wrong with a host."""
    if not host or "*" in host:
        yield f"{what} is for {host or 'every host'}"


def contested(ingress: Resource) -> Iterable[str]:
    """The hosts that another namespace takes requests for, too."""
    for other in ingress.stack.by(type_of).get(INGRESS, ()):
        if namespace(other) != namespace(ingress):
            for host in sorted(hosts(ingress) & hosts(other)):
                yield f"the namespace {namespace(other)} has the host {host}, too"


def hosts(ingress: Resource) -> set[str]:
    """The hosts that the rules of an ingress name."""
    return {text(at(rule, "host")) for rule in items(ingress.at("spec", "rules"))} - {""}


def dangling(ingress: Resource) -> Iterable[str]:
    """The services that an ingress leads to and that are not there."""
    if not has_own_namespace(ingress):
        return
    there = {text(each.at("metadata", "name")) for each in beside(ingress, SERVICE)}
    for rule in items(ingress.at("spec", "rules")):
        for path in items(at(rule, "http", "paths")):
            name = text(at(path, "backend", "service", "name"))
            if name and name not in there:
                yield f"it leads to the service {name}, which is not there"


def service_is_exact(service: Resource) -> Iterable[str]:
    """`externalIPs` and `ports` are among the parameters of the same name; no other service of the namespace has the
    same `selector`, but for headless ones and those of the same `app.kubernetes.io/instance`; in a namespace of the
    stack's own, it selects pods, and they have its ports.
    """
    for address in items(service.at("spec", "externalIPs")):
        if address not in service.parameters["externalIPs"]:
            yield f"the external address {address} is not allowed"
    allowed = service.parameters["ports"]
    for port in items(service.at("spec", "ports")):
        if allowed and at(port, "port") not in allowed:
            yield f"port {number(at(port, 'port'), 0):g} is not allowed"
    selector = mapping(service.at("spec", "selector"))
    if not selector:
        if service.at("spec", "type") == "ExternalName" or items(service.at("spec", "externalIPs")):
            return
        raise NotApplicable("it selects no pods: somebody else says where it leads")
    if twins := [each.name for each in beside(service, SERVICE) if is_twin(each, service)]:
        yield f"it selects the same pods as {', '.join(twins)}"
    if has_own_namespace(service):
        yield from aims(service, selector)


def is_twin(other: Resource, service: Resource) -> bool:
    """Whether a service of another application has the same selector, and both an address of their own."""
    if other.urn == service.urn or "None" in (other.at("spec", "clusterIP"), service.at("spec", "clusterIP")):
        return False
    if (instance := service.at(*INSTANCE)) and other.at(*INSTANCE) == instance:
        return False
    mine, its = (mapping(each.at("spec", "selector")) for each in (service, other))
    return contains(mine, its) and contains(its, mine)


def aims(service: Resource, selector: Mapping[str, Any]) -> Iterable[str]:
    """What a service selects that is not there."""
    selected = [each for each in beside(service, *WORKLOADS) if contains(pod_labels(each), selector)]
    if not selected:
        yield "it selects no pods of the stack"
        return
    named = {
        text(at(port, "name"))
        for workload in selected
        for _, container in servers(workload)
        for port in items(at(container, "ports"))
    }
    for port in items(service.at("spec", "ports")):
        target = at(port, "targetPort")
        if isinstance(target, str) and not target.isdecimal() and target not in named:
            yield f"no pod that it selects has a port {target}"
