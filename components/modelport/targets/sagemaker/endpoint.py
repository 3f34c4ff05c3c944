from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from modelport.bundle import Bundle
from modelport.plan import Plan
from modelport.plan.bounds import at_first

from .account import Account
from .capacity import has_own_disks
from .modes.serverless import on_demand
from .names import endpoint_name, log_group_name
from .releases.variants import answering, mirrored
from .resources import CONFIGURATION, ENDPOINT, LOG_GROUP, Resources

LEAST_START, MOST_START = 60, 3600
"""Seconds of `ContainerStartupHealthCheckTimeoutInSeconds`: botocore, CreateEndpointConfig."""
LOG_DAYS = 365
FIRST = {"stable": 100, "candidate": 0}
"""Weights of versions that have not been asked yet."""
PATHS = {"async": "async-invocations"}
"""Below an endpoint, by mode: botocore, InvokeEndpointAsync."""
MODE, USUAL = "mode", "realtime"
"""The tag that says it of an endpoint, and the mode of those without. SageMaker makes no serverless one of one with
instances, and a name is of one endpoint: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
"""


@dataclass(frozen=True)
class Hosting:
    """What else is said of an endpoint.

    Attributes:
        requests: what its configuration says of requests that are kept, or wait.
        updates: how they go, and its tags.
        before: what has to be there first.
    """

    requests: Mapping[str, Any]
    updates: Mapping[str, Any]
    before: Sequence[pulumi.Resource]


def log_group(own: Resources, key: pulumi.Input[str]) -> None:
    """The log group of the endpoint, made before SageMaker makes one that keeps everything for ever.

    That of jobs is the account's.
    """
    if own.plan.spec.mode != "batch":
        inputs = {"name": log_group_name(own.plan), "retentionInDays": LOG_DAYS, "kmsKeyId": key}
        own.make(LOG_GROUP, "logs", inputs)


def endpoint(own: Resources, models: Mapping[str, Any], key: pulumi.Input[str], hosting: Hosting) -> Any:
    """The endpoint, with a configuration that is made before the one of before goes.

    Args:
        models: of the live versions by role.
    """
    plan = own.plan
    encrypted = {} if plan.machine and has_own_disks(plan.machine.name) else {"kmsKeyArn": key}
    mirror = mirrored(plan)
    variants = {
        "productionVariants": [_variant(plan, each.role, models, FIRST[each.role]) for each in answering(plan)],
        **({"shadowProductionVariants": [_variant(plan, mirror.role, models, mirror.mirror)]} if mirror else {}),
    }
    configuration = own.make(CONFIGURATION, "configuration", {**variants, **encrypted, **hosting.requests})
    inputs = {
        "name": endpoint_name(plan),
        "endpointConfigName": configuration.name,
        **hosting.updates,
        "tags": {**hosting.updates["tags"], **({} if plan.spec.mode == USUAL else {MODE: plan.spec.mode})},
    }
    opts = pulumi.ResourceOptions(
        depends_on=[own.resources["logs"], *hosting.before],
        replace_on_changes=[f"tags.{MODE}"],
        delete_before_replace=True,
    )
    return own.register(ENDPOINT, "endpoint", inputs, opts)


def _variant(plan: Plan, role: str, models: Mapping[str, Any], weight: int) -> dict[str, Any]:
    """A version.

    Args:
        weight: share of the requests in percent, until others are set; of a copy, in percent of those that the other
            version answers.
    """
    runs = on_demand(plan.spec) if plan.machine is None else _on_instances(plan, plan.machine.name)
    return {"variantName": role, "modelName": models[role].name, "initialVariantWeight": weight, **runs}


def _on_instances(plan: Plan, machine: str) -> dict[str, Any]:
    seconds = min(max(round(plan.spec.startup_seconds), LEAST_START), MOST_START)
    return {
        "instanceType": machine,
        "initialInstanceCount": at_first(plan.spec.scaling),
        "containerStartupHealthCheckTimeoutInSeconds": seconds,
        "modelDataDownloadTimeoutInSeconds": seconds,
    }


def address(own: Resources, account: Account, made: Any) -> dict[str, Any]:
    """Where clients find the service, or where they start its jobs, and how they prove who they are.

    Source: https://docs.aws.amazon.com/general/latest/gr/sagemaker.html
    """
    jobs = own.plan.spec.mode == "batch"
    host = pulumi.Output.concat(f"https://{'api' if jobs else 'runtime'}.sagemaker.", account.region, ".", account.dns)
    path = PATHS.get(own.plan.spec.mode, "invocations")
    return {
        "url": host if jobs else pulumi.Output.concat(host, "/endpoints/", made.name, f"/{path}"),
        "auth": {"kind": "sigv4", "audience": account.region, "principal": None},
        "health_url": None,
        "protocols": [] if jobs else ["rest"],
    }


def logs(own: Resources, account: Account) -> pulumi.Output[str]:
    """The command that shows what the containers say."""
    return pulumi.Output.concat(f"aws logs tail {log_group_name(own.plan)} --since 1h --region ", account.region)


def invocation(own: Resources, account: Account, bundle: Bundle) -> pulumi.Output[str]:
    """The command that sends the bundle's sample."""
    sample = shlex.quote(f"fileb://{bundle.path.absolute() / 'sample.json'}")
    call = f"aws sagemaker-runtime invoke-endpoint --endpoint-name {endpoint_name(own.plan)}"
    return pulumi.Output.concat(
        call, " --region ", account.region, f" --content-type application/json --body {sample} /dev/stdout"
    )
