from __future__ import annotations

import shlex
from typing import Any

import pulumi

from modelport.plan import Plan, Release
from modelport.plan.bounds import may_rest

from ..objects import SERVICE, Objects, selector_of
from ..pods.access import TOKENS
from ..pods.server import ports
from ..version import Version
from .doors import hosts

PUBLISHED = {"http": 80, "grpc": 8081}
PROTOCOLS = {"http": "http", "grpc": "kubernetes.io/h2c"}
FORWARDED = 18080
AWAITS_NOBODY = {"pulumi.com/skipAwait": "true"}
"""An update of a service that has no pods just then is not to wait for one."""


def service(own: Objects, version: Version) -> pulumi.CustomResource:
    """The address of a version within the cluster, when its pods are ready.

    That of the stable one is the service's own, and goes over from slot to slot; a candidate's is of its slot.
    """
    plan, release = own.plan, version.release
    published = [
        {"name": name, "port": PUBLISHED[name], "targetPort": name, "appProtocol": PROTOCOLS[name]}
        for name in ports(plan)
    ]
    spec = {"type": "ClusterIP", "selector": selector_of(plan, version.slot), "ports": published}
    metadata = {"annotations": AWAITS_NOBODY} if may_rest(plan.spec.scaling) else {}
    opts = pulumi.ResourceOptions(depends_on=[own.resources[f"server-{version.slot}"]])
    name = address(plan, release)
    return own.object(SERVICE, service_role(release), {"spec": spec}, name=name, metadata=metadata, opts=opts)


def service_role(release: Release) -> str:
    """The role of the Service of a release."""
    return "service" if release.role == "stable" else f"service-{release.slot}"


def address(plan: Plan, release: Release) -> str:
    """The name of the Service of a release."""
    return plan.names.of() if release.role == "stable" else plan.names.of(release.slot)


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
