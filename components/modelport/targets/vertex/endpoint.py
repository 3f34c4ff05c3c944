from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import pulumi

from modelport.bundle import Bundle

from .key import Key
from .names import endpoint_id
from .project import Project
from .resources import ENDPOINT, Resources

SPLIT = "trafficSplit"
WHO = '"Authorization: Bearer $(gcloud auth print-access-token)"'
"""The header, as a shell takes it, of who asks."""


def endpoint(own: Resources, project: Project, key: Key, requests: Mapping[str, Any]) -> Any:
    """The endpoint, to which networks connect privately, or the internet by a name of its own.

    Args:
        requests: what it says of requests that are kept.
    """
    security = own.plan.spec.security
    private = {
        "enablePrivateServiceConnect": True,
        "enableSecurePrivateServiceConnect": security.auth == "platform",
        "projectAllowlists": [project.id],
    }
    public = security.exposure == "public"
    inputs = {
        "name": endpoint_id(own.plan),
        "displayName": own.plan.names.of(),
        "location": project.region,
        "region": project.region,
        "encryptionSpec": {"kmsKeyName": key.name},
        **({"dedicatedEndpointEnabled": True} if public else {"privateServiceConnectConfig": private}),
        "labels": {**own.plan.tags, **({"exposure": "public"} if public else {})},
        **requests,
    }
    opts = pulumi.ResourceOptions.merge(key.first, pulumi.ResourceOptions(ignore_changes=[SPLIT]))
    return own.register(ENDPOINT, "endpoint", inputs, opts)


def address(own: Resources, host: pulumi.Input[str]) -> dict[str, Any]:
    """Where clients find the service, and how they prove who they are.

    Source: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints/rawPredict
    """
    platform = own.plan.spec.security.auth == "platform"
    return {
        "url": pulumi.Output.concat("https://", host, "/v1/", own.resources["endpoint"].id, ":rawPredict"),
        "auth": {"kind": "google" if platform else "none", "audience": None, "principal": None},
        "health_url": None,
        "protocols": ["rest"],
    }


def public_host(own: Resources) -> pulumi.Output[str]:
    """The name under which the internet finds the endpoint."""
    dns: pulumi.Output[str] = own.resources["endpoint"].dedicated_endpoint_dns
    return dns.apply(lambda known: known.removeprefix("https://"))


def logs(own: Resources, project: Project) -> pulumi.Output[str]:
    """The command that shows what the containers say."""
    kept = f"resource.labels.endpoint_id={endpoint_id(own.plan)}"
    return pulumi.Output.concat(f"gcloud logging read {kept} --freshness 1h --project ", project.id)


def invocation(url: pulumi.Output[str], bundle: Bundle, *, private: bool) -> pulumi.Output[str]:
    """The command that sends the bundle's sample.

    Args:
        private: whether the endpoint's certificate is for no name that callers have.
    """
    sample = shlex.quote(f"@{bundle.path.absolute() / 'sample.json'}")
    insecure = "-k " if private else ""
    headers = f"-H {WHO} -H 'Content-Type: application/json'"
    return pulumi.Output.concat(f"curl {insecure}{headers} --data-binary {sample} ", url)
