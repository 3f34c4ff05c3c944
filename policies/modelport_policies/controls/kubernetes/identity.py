"""IDN-01 on Kubernetes: whether those who call from outside are asked who they are, by the server or on its way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from modelport_policies.control import NotApplicable
from modelport_policies.controls.kubernetes.callers import (
    AUTHORIZATIONS,
    OF_STRANGERS,
    REMEDY,
    Backend,
    demand_principal,
    is_called,
    port_of,
    servers_ask,
    servers_behind_ask,
)
from modelport_policies.kubernetes import beside, namespace, selects, within
from modelport_policies.resource import Resource, Stack, at, is_set, items, mapping, several, text, type_of

GATEWAY_API = "kubernetes:gateway.networking.k8s.io/"
GATEWAYS = tuple(f"{GATEWAY_API}{version}:Gateway" for version in ("v1", "v1beta1"))
ROUTES = tuple(
    f"{GATEWAY_API}{version}:{kind}Route"
    for kind, versions in (("HTTP", ("v1", "v1beta1", "v1alpha2")), ("GRPC", ("v1", "v1alpha2")))
    for version in versions
)
STREAMS = tuple(
    f"{GATEWAY_API}{each}" for each in ("v1alpha2:TCPRoute", "v1:TLSRoute", "v1alpha3:TLSRoute", "v1alpha2:TLSRoute")
)
"""Routes of what the gateway does not read: Envoy's policies ask for nothing there."""
SECURITY_POLICY = "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy"
MIDDLEWARE = "kubernetes:traefik.io/v1alpha1:Middleware"
MIDDLEWARES = "traefik.ingress.kubernetes.io/router.middlewares"
OF_MIDDLEWARE = ("basicAuth", "digestAuth", "forwardAuth")
CLASS = "kubernetes.io/ingress.class"
NGINX, ALB = "nginx.ingress.kubernetes.io", "alb.ingress.kubernetes.io"
ANNOTATIONS: tuple[Mapping[str, Sequence[str] | None], ...] = (
    {f"{NGINX}/auth-url": None, f"{NGINX}/satisfy": ("", "all")},
    {f"{NGINX}/auth-secret": None, f"{NGINX}/auth-type": ("basic", "digest"), f"{NGINX}/satisfy": ("", "all")},
    {f"{NGINX}/auth-tls-secret": None, f"{NGINX}/auth-tls-verify-client": ("", "on")},
    {"nginx.org/basic-auth-secret": None},
    {"nginx.com/jwt-key": None},
    {f"{ALB}/auth-type": ("oidc", "cognito"), f"{ALB}/auth-on-unauthenticated-request": ("", "authenticate", "deny")},
)
"""What makes a controller of ingresses ask, each with the values that do; None where any does, "" without one."""
CONTROLLERS: Mapping[str, tuple[str, ...]] = {
    "nginx": ("nginx.",),
    "alb": (ALB,),
    "traefik": ("traefik.",),
    **dict.fromkeys(("azure-application-gateway", "cilium", "contour", "gce", "haproxy", "kong"), ()),
}
"""How the annotations begin that are read for the classes of well-known controllers."""


def service_asks_who_calls(service: Resource) -> Iterable[str]:
    """Where `spec.type` is `LoadBalancer` or `NodePort`, or `externalIPs` are there: the servers that it leads to ask,
    or parameter `gateways` has it. A server asks where `env`, `envFrom` or `args` of the container with the port, or
    else the first, say where the tokens or the keys of JSON Web Tokens are, or where an `AuthorizationPolicy` of Istio
    for its pods demands a request principal, claims of a token, or (of those who come straight to it) a principal of
    the mesh, or has another decide (`CUSTOM`).
    """
    if service.at("spec", "type") not in ("LoadBalancer", "NodePort") and not items(service.at("spec", "externalIPs")):
        raise NotApplicable("it lets nobody in from outside of the cluster")
    if not mapping(service.at("spec", "selector")):
        raise NotApplicable("it selects no pods: somebody else says where it leads")
    own = f"{namespace(service)}/{text(service.at('metadata', 'name'))}"
    if own not in service.parameters["gateways"] and not servers_ask(service, proofs=OF_STRANGERS):
        yield f"nobody is known to ask callers who they are: {REMEDY.format(own)}"


def ingress_asks_who_calls(ingress: Resource) -> Iterable[str]:
    """The servers that it leads to ask, or parameter `gateways` has its class, or its annotations do: `auth-url`,
    `auth-secret` and `auth-type` (without `satisfy: any`), or `auth-tls-secret` of `nginx.ingress.kubernetes.io`,
    `nginx.org/basic-auth-secret`, `nginx.com/jwt-key`, `auth-type` of `alb.ingress.kubernetes.io`, or a `Middleware` of
    Traefik's in the stack with `basicAuth`, `digestAuth` or `forwardAuth`. Where the class is called like a well-known
    controller, the annotations of others do nothing.
    """
    class_ = text(ingress.at("spec", "ingressClassName") or ingress.at("metadata", "annotations", CLASS))
    if class_ in ingress.parameters["gateways"] or is_annotated(ingress, class_) or has_middleware(ingress, class_):
        return
    if not servers_behind_ask(ingress, backends_of(ingress)):
        yield f"nobody is known to ask callers who they are: {REMEDY.format(f'its class {class_}')}"


def route_asks_who_calls(route: Resource) -> Iterable[str]:
    """The servers that it leads to ask, or for each of its `parentRefs` parameter `gateways` has the gateway, or
    someone in the stack does who is attached to the route or the gateway: a `SecurityPolicy` of Envoy Gateway with
    `jwt` that is not optional, `oidc`, `basicAuth`, `apiKeyAuth`, or `extAuth` that does not fail open, unless one
    closer to the route takes its place; or an `AuthorizationPolicy` of Istio for the gateway that demands a request
    principal or claims, which are there only after a `RequestAuthentication`, or has another decide. Not where all
    rules redirect. Of routes of TCP and TLS, `SecurityPolicy` asks nobody.
    """
    parents = [each for each in items(route.at("spec", "parentRefs")) if at(each, "kind") != "Service"]
    if not parents:
        raise NotApplicable("no gateway leads to it")
    rules = items(route.at("spec", "rules"))
    if rules and all(map(redirects, rules)):
        raise NotApplicable("it sends everybody elsewhere")
    if servers_behind_ask(route, backends_of(route)):
        return
    for parent in parents:
        place, name = text(at(parent, "namespace")) or namespace(route), text(at(parent, "name"))
        gateway = f"{place}/{name}"
        if gateway not in route.parameters["gateways"] and not gateway_asks(route, parent, place, name):
            yield f"nobody is known to ask callers by the gateway {gateway} who they are: {REMEDY.format(gateway)}"


def redirects(rule: Any) -> bool:
    """Whether a rule of a route leads to no server."""
    kinds = [at(each, "type") for each in items(at(rule, "filters"))]
    return "RequestRedirect" in kinds and not items(at(rule, "backendRefs"))


def gateway_asks(route: Resource, parent: Any, place: str, name: str) -> bool:
    """Whether what is attached to a route or its gateway asks."""
    demanding = [each for each in within(route.stack, place, *AUTHORIZATIONS) if targets(each, "Gateway", name)]
    if demand_principal(demanding):
        return True
    return route.type in ROUTES and envoy_asks(route, text(at(parent, "sectionName")), place, name)


def envoy_asks(route: Resource, listener: str, place: str, name: str) -> bool:
    """Whether Envoy Gateway asks: of its policies for the route, the listener and the gateway, the first counts, and
    the next only where that one is merged with it. Those for a rule of the route take the place of all of these.
    """
    kind, own = route.type.rpartition(":")[2], text(route.at("metadata", "name"))
    rules = {text(at(each, "name")) for each in items(route.at("spec", "rules"))} - {""}
    of_rules = [
        each for each in beside(route, SECURITY_POLICY) if any(targets(each, kind, own, section=rule) for rule in rules)
    ]
    if any(replaces(each) and not authenticates(each) for each in of_rules):
        return False
    labels = next((labels_of(each) for each in within(route.stack, place, *GATEWAYS) if is_called(each, name)), {})
    around = list(within(route.stack, place, SECURITY_POLICY))
    levels = (
        [each for each in beside(route, SECURITY_POLICY) if targets(each, kind, own, labels_of(route))],
        [each for each in around if listener and targets(each, "Gateway", name, section=listener)],
        [each for each in around if targets(each, "Gateway", name, labels)],
    )
    for policies in levels:
        if any(map(authenticates, policies)):
            return True
        if any(map(replaces, policies)):
            return False
    return False


def replaces(policy: Resource) -> bool:
    """Whether a policy takes the place of those that are for more, rather than being merged with them."""
    return not is_set(policy.at("spec"), "mergeType")


def targets(policy: Resource, kind: str, name: str, labels: Mapping[str, Any] | None = None, section: str = "") -> bool:
    """Whether a policy is for an object of its namespace, or for a section of it, by name or by labels."""
    references = [*several(policy.at("spec", "targetRefs")), *several(policy.at("spec", "targetRef"))]
    wanted = (kind, name, section)
    if any((at(each, "kind"), at(each, "name"), text(at(each, "sectionName"))) == wanted for each in references):
        return True
    selectors = [each for each in items(policy.at("spec", "targetSelectors")) if at(each, "kind") == kind]
    return labels is not None and any(selects(each, labels) for each in selectors)


def authenticates(policy: Resource) -> bool:
    """Whether a policy of Envoy Gateway lets in only those who say who they are."""
    spec = policy.at("spec")
    return (
        any(is_set(spec, way) for way in ("oidc", "basicAuth", "apiKeyAuth"))
        or (is_set(spec, "jwt") and at(spec, "jwt", "optional") is not True)
        or (is_set(spec, "extAuth") and at(spec, "extAuth", "failOpen") is not True)
    )


def backends_of(way: Resource) -> Iterator[Backend]:
    """The services that an ingress or a route leads to."""
    here = namespace(way)
    first = at(way.at("spec"), "defaultBackend", "service")
    paths = [path for rule in items(way.at("spec", "rules")) for path in items(at(rule, "http", "paths"))]
    for service in (*([] if first is None else [first]), *(at(path, "backend", "service") for path in paths)):
        yield (
            here,
            text(at(service, "name")),
            port_of(at(service, "port"), "name") or port_of(at(service, "port"), "number"),
        )
    for rule in items(way.at("spec", "rules")):
        for backend in items(at(rule, "backendRefs")):
            yield text(at(backend, "namespace")) or here, text(at(backend, "name")), port_of(backend, "port")


def labels_of(resource: Resource) -> Mapping[str, Any]:
    """The labels of an object."""
    return mapping(resource.at("metadata", "labels"))


def is_annotated(ingress: Resource, class_: str) -> bool:
    """Whether annotations make the controller ask."""
    given = mapping(ingress.at("metadata", "annotations"))
    return any(
        all(is_set(given, key) if values is None else text(at(given, key)) in values for key, values in way.items())
        for way in ANNOTATIONS
        if all(is_read(key, class_) for key in way)
    )


def is_read(annotation: str, class_: str) -> bool:
    """Whether the controller of a class may heed an annotation."""
    return annotation.startswith(CONTROLLERS.get(class_, ("",)))


def has_middleware(ingress: Resource, class_: str) -> bool:
    """Whether Traefik asks before it hands on."""
    if not is_read(MIDDLEWARES, class_):
        return False
    named = text(ingress.at("metadata", "annotations", MIDDLEWARES)).replace(" ", "").split(",")
    return any(f"{place}-{name}@kubernetescrd" in named for place, name in asking(ingress.stack))


def asking(stack: Stack) -> Iterator[tuple[str, str]]:
    """The namespaces and names of what has Traefik ask."""
    for each in stack.by(type_of).get(MIDDLEWARE, ()):
        if any(is_set(each.at("spec"), way) for way in OF_MIDDLEWARE):
            yield namespace(each), text(each.at("metadata", "name"))
