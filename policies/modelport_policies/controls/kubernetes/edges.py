"""IDN-01 where Istio or Traefik lets callers in by objects of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modelport_policies.control import NotApplicable
from modelport_policies.controls.kubernetes.callers import (
    AUTHORIZATIONS,
    REMEDY,
    Backend,
    demand_principal,
    is_called,
    port_of,
    servers_behind_ask,
)
from modelport_policies.controls.kubernetes.identity import CLASS, asking
from modelport_policies.kubernetes import namespace, selects, within
from modelport_policies.resource import Resource, at, is_set, items, mapping, text, type_of

VERSIONS = ("v1", "v1beta1", "v1alpha3")
VIRTUAL_SERVICES = tuple(f"kubernetes:networking.istio.io/{version}:VirtualService" for version in VERSIONS)
GATEWAYS = tuple(f"kubernetes:networking.istio.io/{version}:Gateway" for version in VERSIONS)
INGRESS_ROUTE = "kubernetes:traefik.io/v1alpha1:IngressRoute"
MESH = "mesh"
ELSEWHERE = ("redirect", "directResponse")


def virtual_service_asks_who_calls(virtual: Resource) -> Iterable[str]:
    """The servers that it leads to ask, or for each of its `gateways` but `mesh` parameter `gateways` has it, or an
    `AuthorizationPolicy` in the stack does that selects the gateway's pods, as one for a gateway of a route does. Not
    where it redirects everybody, or answers by itself.
    """
    gateways = [text(each) for each in items(virtual.at("spec", "gateways")) if each != MESH]
    if not gateways:
        raise NotApplicable("no gateway leads to it")
    ways = [way for kind in ("http", "tls", "tcp") for way in items(virtual.at("spec", kind))]
    if ways and all(any(is_set(way, key) for key in ELSEWHERE) for way in ways):
        raise NotApplicable("it leads nobody to a server")
    if servers_behind_ask(virtual, destinations(virtual, ways)):
        return
    for each in gateways:
        said, _, name = each.rpartition("/")
        place = namespace(virtual) if said in ("", ".") else said
        gateway = f"{place}/{name}"
        if gateway not in virtual.parameters["gateways"] and not pods_ask(virtual, place, name):
            yield f"nobody is known to ask callers by the gateway {gateway} who they are: {REMEDY.format(gateway)}"


def destinations(virtual: Resource, ways: Iterable[Any]) -> Iterator[Backend]:
    """The services that a virtual service leads to; a short name is one beside it."""
    for way in ways:
        for route in items(at(way, "route")):
            name, _, domain = text(at(route, "destination", "host")).partition(".")
            place = domain.partition(".")[0] or namespace(virtual)
            yield place, name, port_of(at(route, "destination", "port"), "number")


def pods_ask(virtual: Resource, place: str, name: str) -> bool:
    """Whether policies of Istio for the pods of a gateway, which may be in any namespace, demand a principal."""
    gateways = (each for each in within(virtual.stack, place, *GATEWAYS) if is_called(each, name))
    labels = next((mapping(each.at("spec", "selector")) for each in gateways), {})
    policies = [each for type_ in AUTHORIZATIONS for each in virtual.stack.by(type_of).get(type_, ())]
    return demand_principal([each for each in policies if selects_some(each.at("spec", "selector"), labels)])


def selects_some(selector: Any, labels: Any) -> bool:
    """Whether a selector matches for what it says."""
    return bool(mapping(at(selector, "matchLabels"))) and selects(selector, labels)


def ingress_route_asks_who_calls(route: Resource) -> Iterable[str]:
    """Each of `routes` that leads to a server has one of `middlewares` that is a `Middleware` in the stack with
    `basicAuth`, `digestAuth` or `forwardAuth`, or its servers ask, or parameter `gateways` has the class: that of the
    annotation `kubernetes.io/ingress.class`, or else `traefik`.
    """
    ways = [
        way for way in items(route.at("spec", "routes")) if any(leads_out(each) for each in items(at(way, "services")))
    ]
    if not ways:
        raise NotApplicable("it leads nobody to a server")
    class_ = text(route.at("metadata", "annotations", CLASS)) or "traefik"
    if class_ not in route.parameters["gateways"] and not all(way_asks(route, way) for way in ways):
        yield f"nobody is known to ask callers who they are: {REMEDY.format(f'its class {class_}')}"


def leads_out(service: Any) -> bool:
    """Whether a service is none of Traefik's own, like its dashboard."""
    return not text(at(service, "name")).endswith("@internal")


def way_asks(route: Resource, way: Any) -> bool:
    """Whether a middleware of one of the routes asks, or all of its servers do."""
    here = namespace(route)
    middlewares = {
        (text(at(each, "namespace")) or here, text(at(each, "name"))) for each in items(at(way, "middlewares"))
    }
    if middlewares & {*asking(route.stack)}:
        return True
    services = [each for each in items(at(way, "services")) if leads_out(each)]
    led_to = ((text(at(each, "namespace")) or here, text(at(each, "name")), port_of(each, "port")) for each in services)
    return servers_behind_ask(route, led_to)
