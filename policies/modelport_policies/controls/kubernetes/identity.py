"""IDN-01 on Kubernetes: whether those who call from outside are asked who they are, by the server or on its way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from modelport_policies.control import NotApplicable
from modelport_policies.kubernetes import (
    CONFIG_MAP,
    SERVICE,
    WORKLOADS,
    beside,
    contains,
    namespace,
    pod_labels,
    selects,
    servers,
    within,
)
from modelport_policies.resource import Resource, at, is_set, items, mapping, several, text, type_of

GATEWAY_API = "kubernetes:gateway.networking.k8s.io/"
GATEWAYS = tuple(f"{GATEWAY_API}{version}:Gateway" for version in ("v1", "v1beta1"))
ROUTES = tuple(f"{GATEWAY_API}{each}" for each in ("v1:HTTPRoute", "v1beta1:HTTPRoute", "v1:GRPCRoute"))
SECURITY_POLICY = "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy"
AUTHORIZATIONS = tuple(f"kubernetes:security.istio.io/{version}:AuthorizationPolicy" for version in ("v1", "v1beta1"))
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
SETTINGS = ("MODELPORT_TOKEN_FILE", "MODELPORT_JWT_KEYS")
FLAGS = ("--token-file", "--jwt-keys")
"""By which a server of ours asks for tokens."""
REMEDY = "have the server ask (security.auth: bearer), or name {} in the parameter gateways if that asks"


def service_asks_who_calls(service: Resource) -> Iterable[str]:
    """Where `spec.type` is `LoadBalancer` or `NodePort`, or `externalIPs` are there: the servers that it leads to ask,
    or parameter `gateways` has it. A server asks whose `env`, `envFrom` or `args` say where the tokens or the keys of
    JSON Web Tokens are, or for whose pods an `AuthorizationPolicy` of Istio demands a request principal.
    """
    if service.at("spec", "type") not in ("LoadBalancer", "NodePort") and not items(service.at("spec", "externalIPs")):
        raise NotApplicable("it lets nobody in from outside of the cluster")
    if not mapping(service.at("spec", "selector")):
        raise NotApplicable("it selects no pods: somebody else says where it leads")
    own = f"{namespace(service)}/{text(service.at('metadata', 'name'))}"
    if own not in service.parameters["gateways"] and not servers_ask(service):
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
    principal, which is there only after a `RequestAuthentication`. Not where all rules redirect.
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
    return demand_principal(demanding) or envoy_asks(route, text(at(parent, "sectionName")), place, name)


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


def demand_principal(policies: Sequence[Resource]) -> bool:
    """Whether policies of Istio together let in only those whose token it has verified."""
    rules: dict[str, list[Any]] = {"ALLOW": [], "DENY": []}
    for each in policies:
        rules.setdefault(text(each.at("spec", "action")) or "ALLOW", []).extend(items(each.at("spec", "rules")))
    refused = any(map(refuses_strangers, rules["DENY"]))
    return refused or (bool(rules["ALLOW"]) and all(map(wants_principal, rules["ALLOW"])))


def refuses_strangers(rule: Any) -> bool:
    """Whether a rule is about all requests without a principal."""
    alone = not any(is_set(rule, key) for key in ("to", "when"))
    return alone and any(
        list(mapping(each)) == ["notRequestPrincipals"] and list(items(each["notRequestPrincipals"])) == ["*"]
        for each in sources(rule)
    )


def wants_principal(rule: Any) -> bool:
    """Whether a rule is about requests with a principal alone."""
    given = list(sources(rule))
    return bool(given) and all(items(at(each, "requestPrincipals")) for each in given)


def sources(rule: Any) -> Iterator[Any]:
    """Who a rule is about."""
    return (at(each, "source") for each in items(at(rule, "from")))


def backends_of(way: Resource) -> Iterator[tuple[str, str]]:
    """The services that an ingress or a route leads to, as (namespace, name)."""
    here, first = namespace(way), at(way.at("spec"), "defaultBackend", "service", "name")
    if first is not None:
        yield here, text(first)
    for rule in items(way.at("spec", "rules")):
        for path in items(at(rule, "http", "paths")):
            yield here, text(at(path, "backend", "service", "name"))
        for backend in items(at(rule, "backendRefs")):
            yield text(at(backend, "namespace")) or here, text(at(backend, "name"))


def servers_behind_ask(way: Resource, backends: Iterable[tuple[str, str]]) -> bool:
    """Whether all servers behind these services ask."""
    found = [[each for each in within(way.stack, place, SERVICE) if is_called(each, name)] for place, name in backends]
    return bool(found) and all(services and all(map(servers_ask, services)) for services in found)


def servers_ask(service: Resource) -> bool:
    """Whether all servers that a service leads to ask."""
    selector = mapping(service.at("spec", "selector"))
    workloads = [each for each in beside(service, *WORKLOADS) if selector and contains(pod_labels(each), selector)]
    return bool(workloads) and all(map(server_asks, workloads))


def server_asks(workload: Resource) -> bool:
    """Whether a server wants tokens, or Istio does in its place."""
    if any(wants_token(workload, container) for _, container in servers(workload)):
        return True
    labels = pod_labels(workload)
    return demand_principal([each for each in beside(workload, *AUTHORIZATIONS) if is_for_pods(each, labels)])


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


def labels_of(resource: Resource) -> Mapping[str, Any]:
    """The labels of an object."""
    return mapping(resource.at("metadata", "labels"))


def is_called(resource: Resource, *names: str) -> bool:
    """Whether an object has one of these names."""
    return text(resource.at("metadata", "name")) in names


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
    for each in ingress.stack.by(type_of).get(MIDDLEWARE, ()):
        asks = any(is_set(each.at("spec"), way) for way in OF_MIDDLEWARE)
        if asks and f"{namespace(each)}-{text(each.at('metadata', 'name'))}@kubernetescrd" in named:
            return True
    return False
