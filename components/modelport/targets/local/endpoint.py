from __future__ import annotations

import shlex
from typing import Any

import pulumi

from modelport.bundle import Bundle
from modelport.plan import Plan

from .server import Server


def endpoint(plan: Plan, server: Server) -> dict[str, Any]:
    """Where clients find the service, and how they prove who they are."""
    return {
        "url": pulumi.Output.concat(server.url, "/v2/models/", plan.name),
        "auth": {"kind": plan.spec.security.auth, "audience": None, "principal": None},
        "health_url": pulumi.Output.concat(server.url, "/v2/health/ready"),
        "protocols": [protocol for protocol, spoken in plan.spec.protocols if spoken],
    }


def invocation(url: pulumi.Output[str], bundle: Bundle) -> pulumi.Output[str]:
    """The command that sends the bundle's sample."""
    sample = shlex.quote(f"@{bundle.path.absolute() / 'sample.json'}")
    post = f"curl -sS -H 'Content-Type: application/json' --data-binary {sample} "
    return pulumi.Output.concat(post, url, "/infer")
