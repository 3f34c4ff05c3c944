"""Which way leads to a service from outside of its cluster."""

from __future__ import annotations

from typing import Any

from modelport.plan import Plan
from modelport.spec import Existing


def gateway_of(existing: Existing, exposure: str) -> Any:
    """The gateway that is there for services of an exposure."""
    return existing.gateway if exposure == "public" else existing.internal_gateway


def is_routed(existing: Existing, exposure: str) -> bool:
    """Whether Gateway API leads to services of an exposure."""
    if exposure == "private":
        return False
    return gateway_of(existing, exposure) is not None or (exposure == "public" and existing.gateway_class is not None)


def proxies(plan: Plan) -> Any:
    """The namespace of the pods that hand on requests from outside; None where nobody does."""
    existing, exposure = plan.environment.existing, plan.spec.security.exposure
    if exposure == "private":
        return None
    return existing.gateway_namespace or gateway_of(existing, exposure).partition("/")[0]


def hosts(plan: Plan) -> dict[str, str]:
    """The names of a service outside of its cluster, by port; none of a private one."""
    if plan.spec.security.exposure == "private":
        return {}
    domain = plan.environment.existing.domain
    grpc = {"grpc": f"{plan.name}-grpc.{domain}"} if plan.spec.protocols.grpc else {}
    return {"http": f"{plan.name}.{domain}", **grpc}
