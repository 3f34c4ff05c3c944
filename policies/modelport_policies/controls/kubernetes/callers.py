"""Who asks callers who they are in place of what lets them in: the servers that they are led to, and Istio."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from modelport_policies.kubernetes import (
    CONFIG_MAP,
    SERVICE,
    WORKLOADS,
    beside,
    contains,
    pod_labels,
    selects,
    servers,
    within,
)
from modelport_policies.resource import Resource, at, is_set, items, mapping, text

AUTHORIZATIONS = tuple(f"kubernetes:security.istio.io/{version}:AuthorizationPolicy" for version in ("v1", "v1beta1"))
OF_TOKENS = {"requestPrincipals": "request.auth."}
OF_STRANGERS = {**OF_TOKENS, "principals": "source.principal"}
"""How Istio calls who says who they are, as a source and as a condition: whoever has a token; and where nobody is in
between whose certificate it would be, whoever has one of the mesh.
"""
SETTINGS = ("MODELPORT_TOKEN_FILE", "MODELPORT_JWT_KEYS")
FLAGS = ("--token-file", "--jwt-keys")
"""By which a server of ours asks for tokens."""
REMEDY = "have the server ask (security.auth: bearer), or name {} in the parameter gateways if that asks"

Backend = tuple[str, str, str]
"""The namespace and the name of a service, and its port by name or number; "" for all of them."""


def servers_behind_ask(way: Resource, backends: Iterable[Backend]) -> bool:
    """Whether all servers behind these services ask."""
    led_to = [
        [(each, port) for each in within(way.stack, place, SERVICE) if is_called(each, name)]
        for place, name, port in backends
    ]
    return bool(led_to) and all(found and all(servers_ask(each, port) for each, port in found) for found in led_to)


def servers_ask(service: Resource, port: str = "", proofs: Mapping[str, str] = OF_TOKENS) -> bool:
    """Whether all servers that a service leads to ask."""
    selector = mapping(service.at("spec", "selector"))
    workloads = [each for each in beside(service, *WORKLOADS) if selector and contains(pod_labels(each), selector)]
    ports = targets_of(service, port)
    return bool(workloads) and all(server_asks(each, ports, proofs) for each in workloads)


def targets_of(service: Resource, port: str) -> set[str]:
    """The ports of pods that a port of a service leads to, or all of them, by name and by number."""
    given = [
        each
        for each in items(service.at("spec", "ports"))
        if port in ("", *(port_of(each, key) for key in ("name", "port")))
    ]
    return {port_of(each, "targetPort") or port_of(each, "port") for each in given}


def port_of(given: Any, key: str) -> str:
    """A port by name or number, which may be one of JSON."""
    value = at(given, key)
    return f"{value:g}" if isinstance(value, float) else text(value)


def server_asks(workload: Resource, ports: Collection[str], proofs: Mapping[str, str]) -> bool:
    """Whether a server wants tokens, or Istio does in its place."""
    answering = at_ports(workload, ports)
    if answering and all(wants_token(workload, container) for container in answering):
        return True
    labels = pod_labels(workload)
    return demand_principal([each for each in beside(workload, *AUTHORIZATIONS) if is_for_pods(each, labels)], proofs)


def at_ports(workload: Resource, ports: Collection[str]) -> list[Mapping[str, Any]]:
    """The containers that say that they have these ports, or else the first."""
    given = [container for _, container in servers(workload)]
    keys = ("name", "containerPort")
    having = [
        each for each in given if any(port_of(own, key) in ports for own in items(at(each, "ports")) for key in keys)
    ]
    return having or given[:1]


def wants_token(workload: Resource, container: Mapping[str, Any]) -> bool:
    """Whether a container is told where the tokens or keys are, by itself or by settings that it takes whole."""
    own = {text(at(each, "name")): each for each in items(at(container, "env"))}
    if any(is_set(own, setting, key) for setting in SETTINGS for key in ("value", "valueFrom")):
        return True
    if any(text(word).startswith(FLAGS) for key in ("command", "args") for word in items(at(container, key))):
        return True
    whole = [each for each in items(at(container, "envFrom")) if not is_set(each, "prefix")]
    taken = {text(at(each, "configMapRef", "name")) for each in whole} - {""}
    settings = (each.at("data") for each in beside(workload, CONFIG_MAP) if taken and is_called(each, *taken))
    return any(is_set(data, setting) for data in settings for setting in SETTINGS if setting not in own)


def is_for_pods(policy: Resource, labels: Mapping[str, Any]) -> bool:
    """Whether a policy of Istio is for pods with these labels: with neither selector nor target for all beside it."""
    spec = policy.at("spec")
    return not any(is_set(spec, key) for key in ("targetRef", "targetRefs")) and selects(at(spec, "selector"), labels)


def demand_principal(policies: Sequence[Resource], proofs: Mapping[str, str] = OF_TOKENS) -> bool:
    """Whether policies of Istio together let in only those of whom it knows who they are, or have another decide."""
    rules: dict[str, list[Any]] = {"ALLOW": [], "DENY": [], "CUSTOM": []}
    for each in policies:
        rules.setdefault(text(each.at("spec", "action")) or "ALLOW", []).extend(items(each.at("spec", "rules")))
    if any(map(is_about_all, rules["CUSTOM"])) or any(refuses_strangers(each, proofs) for each in rules["DENY"]):
        return True
    return bool(rules["ALLOW"]) and all(wants_principal(each, proofs) for each in rules["ALLOW"])


def is_about_all(rule: Any) -> bool:
    """Whether a rule is about all requests."""
    return not any(is_set(rule, key) for key in ("from", "to", "when"))


def refuses_strangers(rule: Any, proofs: Mapping[str, str]) -> bool:
    """Whether a rule is about all requests without a principal."""
    others = [f"not{each[0].upper()}{each[1:]}" for each in proofs]
    alone = not any(is_set(rule, key) for key in ("to", "when"))
    return alone and any(
        list(mapping(each)) == [other] and list(items(each[other])) == ["*"]
        for each in sources(rule)
        for other in others
    )


def wants_principal(rule: Any, proofs: Mapping[str, str]) -> bool:
    """Whether a rule is about requests with a principal alone."""
    given = list(sources(rule))
    if given and all(any(items(at(each, proof)) for proof in proofs) for each in given):
        return True
    conditions = (each for each in items(at(rule, "when")) if items(at(each, "values")))
    return any(text(at(each, "key")).startswith(tuple(proofs.values())) for each in conditions)


def sources(rule: Any) -> Iterator[Any]:
    """Who a rule is about."""
    return (at(each, "source") for each in items(at(rule, "from")))


def is_called(resource: Resource, *names: str) -> bool:
    """Whether an object has one of these names."""
    return text(resource.at("metadata", "name")) in names
