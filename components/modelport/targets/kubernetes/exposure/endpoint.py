from __future__ import annotations

import shlex
from typing import Any

import pulumi

from modelport.targets.version import Version

from ..objects import Objects, selector_of
from ..pods.access import TOKENS
from .doors import hosts

FORWARDED = 18080


def endpoint(own: Objects, stable: Version) -> dict[str, Any]:
    """Where clients find the service, outside of the cluster if it lets them in, and how they prove who they are."""
    plan = own.plan
    outside = hosts(plan).get("http")
    inside = pulumi.Output.concat("http://", plan.names.of(), ".", own.namespace, ".svc")
    host = inside if outside is None else f"https://{outside}"
    existing, bearer = plan.environment.existing, plan.spec.security.auth == "bearer"
    return {
        "url": pulumi.Output.concat(host, "/v2/models/", stable.bundle.name),
        "auth": {
            "kind": plan.spec.security.auth,
            "audience": existing.jwt_audience if bearer else None,
            "principal": None,
        },
        "health_url": pulumi.Output.concat(host, "/v2/health/ready"),
        "protocols": [protocol for protocol, spoken in plan.spec.protocols if spoken],
    }


def logs(own: Objects, context: str | None) -> pulumi.Output[str]:
    """The command that shows what the pods say."""
    wanted = ",".join(f"{key}={value}" for key, value in selector_of(own.plan).items())
    return _kubectl(own, context, f"logs --selector {wanted} --container server --prefix --tail 100")


def invocation(own: Objects, stable: Version, context: str | None) -> pulumi.Output[str]:
    """The command that sends the bundle's sample, through the API server to a pod."""
    sample = shlex.quote(f"@{stable.bundle.path.absolute() / 'sample.json'}")
    forward = _kubectl(own, context, f"port-forward service/{own.plan.names.of()} {FORWARDED}:http")
    url = f"http://127.0.0.1:{FORWARDED}/v2/models/{stable.bundle.name}/infer"
    post = "curl -sS --retry 20 --retry-connrefused -H 'Content-Type: application/json'"
    ask = pulumi.Output.concat(post, _token(own, context), f" --data-binary {sample} {url}")
    return pulumi.Output.concat("(", forward, " >/dev/null & trap 'kill $!' EXIT; ", ask, ")")


def _token(own: Objects, context: str | None) -> pulumi.Input[str]:
    """The words for curl that show a token: the first of the given ones, or one that the caller brings."""
    existing = own.plan.environment.existing
    if own.plan.spec.security.auth != "bearer":
        return ""
    if existing.tokens is None:
        return ' -H "Authorization: Bearer $TOKEN"'
    secret = _kubectl(own, context, "get secret ")
    first = f" -o jsonpath={{.data.{TOKENS}}} | base64 -d | head -n 1"
    return pulumi.Output.concat(' -H "Authorization: Bearer $(', secret, existing.tokens, first, ')"')


def _kubectl(own: Objects, context: str | None, words: str) -> pulumi.Output[str]:
    cluster = f" --context {shlex.quote(context)}" if context else ""
    return pulumi.Output.concat(f"kubectl{cluster} --namespace ", own.namespace, " ", words)
