"""Jobs over files in S3, which have instances while they run, and no endpoint."""

from __future__ import annotations

import shlex
from typing import Any

import pulumi

from modelport.plan import Plan

from ..account import Account
from ..capacity import has_own_disks
from ..documents import Statement, allow
from ..names import MOMENT, job_prefix, log_group_name
from ..resources import Resources
from .exchange import Exchange
from .limits import job_concurrency, job_megabytes

JSON = "application/json"


def job(own: Resources, account: Account, model: Any, exchange: Exchange) -> pulumi.Output[str]:
    """The command that starts a job over all requests that are there."""
    asked = pulumi.Output.json_dumps(document(own.plan, model, exchange)).apply(shlex.quote)
    command = f"aws sagemaker create-transform-job --transform-job-name {job_prefix(own.plan)}{MOMENT} --region "
    return pulumi.Output.concat(command, account.region, " --cli-input-json ", asked)


def document(plan: Plan, model: Any, exchange: Exchange) -> dict[str, Any]:
    """The request of `CreateTransformJob`, without the name, which is another one each time."""
    assert plan.machine is not None  # jobs run on machines
    spec, machine = plan.spec, plan.machine
    key = {} if has_own_disks(machine.name) else {"VolumeKmsKeyId": exchange.key}
    return {
        "ModelName": model.name,
        "MaxConcurrentTransforms": job_concurrency(spec),
        "MaxPayloadInMB": job_megabytes(spec),
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": round(spec.request.timeout.seconds)},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": _folder(exchange.requests)}},
            "ContentType": JSON,
        },
        "TransformOutput": {"S3OutputPath": _folder(exchange.answers), "Accept": JSON, "KmsKeyId": exchange.key},
        "TransformResources": {"InstanceType": machine.name, "InstanceCount": spec.scaling.max, **key},
        "Tags": [{"Key": name, "Value": value} for name, value in plan.tags.items()],
    }


def logs(own: Resources, account: Account) -> pulumi.Output[str]:
    """The command that shows what the containers of the service's jobs say."""
    names = f"--log-stream-name-prefix {job_prefix(own.plan)}"
    return pulumi.Output.concat(
        f"aws logs tail {log_group_name(own.plan)} {names} --since 1d --region ", account.region
    )


def starting(plan: Plan, account: Account, model: Any) -> Statement:
    """What starts jobs of this model, looks at them and stops them, under the name of the service alone."""
    actions = [f"sagemaker:{name}TransformJob" for name in ("Create", "Describe", "Stop")]
    jobs = account.arn("sagemaker", f"transform-job/{job_prefix(plan)}*")
    mine = {"ArnEqualsIfExists": {"sagemaker:ModelArn": model.arn}}
    return allow("Start", [*actions, "sagemaker:AddTags"], jobs, Condition=mine)


def _folder(address: pulumi.Output[str]) -> pulumi.Output[str]:
    return pulumi.Output.concat(address, "/")
