from __future__ import annotations

import re
from collections.abc import Iterator

from modelport.plan import Objection
from modelport.spec import Environment, Existing, ModelSpec

from .doors import gateway_of

EXISTING = "modelport:existing"
EXPOSURE, AUTH = "security.exposure", "security.auth"
GATEWAY = re.compile(r"[a-z0-9-]+/[a-z0-9.-]+/[a-z0-9.-]+")
GATEWAY_FORM = "Write NAMESPACE/NAME/LISTENER, of a listener that speaks TLS."
WAYS = {"gateway": "gateway", "gatewayClass": "gateway_class", "ingressClass": "ingress_class"}
JWT = {"jwtKeys": "jwt_keys", "jwtIssuer": "jwt_issuer", "jwtAudience": "jwt_audience"}


def exposure_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """What is wrong with who reaches a service, and as whom."""
    existing, exposure = environment.existing, spec.security.exposure
    yield from _tokens(spec, existing)
    if exposure == "private":
        return
    if spec.security.auth == "platform":
        alternative = "Write bearer, or none where the gateway asks callers who they are."
        yield Objection(AUTH, None, f"the service is {exposure}, and nobody asks callers who they are", alternative)
    if existing.domain is None:
        alternative = "Set it, like models.example.com."
        yield Objection(f"{EXISTING}.domain", None, f"a service that is {exposure} needs a name", alternative)
    yield from _internal(existing) if exposure == "internal" else _public(spec, existing)


def _tokens(spec: ModelSpec, existing: Existing) -> Iterator[Objection]:
    given = [name for name, field in JWT.items() if getattr(existing, field) is not None]
    if given and len(given) < len(JWT):
        missing = next(name for name in JWT if name not in given)
        reason = f"JSON Web Tokens need {', '.join(JWT)} together"
        yield Objection(f"{EXISTING}.{missing}", None, reason, "Set it, or none of them.")
    if spec.security.auth == "bearer" and existing.tokens is None and not given:
        alternative = f"Name a secret in {EXISTING}.tokens, or set {', '.join(JWT)} there."
        yield Objection(AUTH, "bearer", "the stack does not say which tokens are good", alternative)


def _internal(existing: Existing) -> Iterator[Objection]:
    if existing.internal_gateway is None:
        alternative = f"Name the gateway of your network in {EXISTING}.internalGateway."
        yield Objection(EXPOSURE, "internal", "no gateway lets in the own network", alternative)
    else:
        yield from _form(existing, "internal", "internalGateway")


def _public(spec: ModelSpec, existing: Existing) -> Iterator[Objection]:
    ways = [name for name, field in WAYS.items() if getattr(existing, field) is not None]
    if len(ways) != 1:
        reason = (
            f"{' and '.join(ways)} are several ways in" if ways else "no way leads from the internet to the service"
        )
        yield Objection(EXPOSURE, "public", reason, f"Set one of {', '.join(WAYS)} in {EXISTING}.")
    elif ways == ["gateway"]:
        yield from _form(existing, "public", "gateway")
    else:
        yield from _own_way(spec, existing, ways[0])


def _own_way(spec: ModelSpec, existing: Existing, way: str) -> Iterator[Objection]:
    if existing.gateway_namespace is None:
        reason = f"pods of {way} have to be let in, and nothing says where they run"
        yield Objection(f"{EXISTING}.gatewayNamespace", None, reason, "Name their namespace.")
    if (existing.certificate is None) == (existing.issuer is None):
        alternative = f"Set either {EXISTING}.certificate or {EXISTING}.issuer."
        yield Objection(f"{EXISTING}.certificate", None, f"{way} needs a certificate from one source", alternative)
    if way == "ingressClass":
        if existing.certificate is not None and existing.namespace is None:
            reason = "it lies in a namespace, and the service gets a new one of its own"
            alternative = f"Name the namespace in {EXISTING}.namespace, or use {EXISTING}.issuer."
            yield Objection(f"{EXISTING}.certificate", None, reason, alternative)
        if spec.protocols.grpc:
            reason = "each ingress controller has words of its own for gRPC"
            alternative = f"Use Gateway API, with {EXISTING}.gateway or {EXISTING}.gatewayClass."
            yield Objection("protocols.grpc", True, reason, alternative)


def _form(existing: Existing, exposure: str, name: str) -> Iterator[Objection]:
    gateway = gateway_of(existing, exposure)
    if not isinstance(gateway, str) or not GATEWAY.fullmatch(gateway):
        shown = gateway if isinstance(gateway, str) else None
        yield Objection(f"{EXISTING}.{name}", shown, "this does not say which listener of which gateway", GATEWAY_FORM)
