"""Endpoints with a queue: requests and answers are files in S3."""

from __future__ import annotations

import shlex
from typing import Any

import pulumi

from modelport.bundle import Bundle
from modelport.plan import Plan
from modelport.spec import ModelSpec, written

from ..account import Account
from ..names import endpoint_name
from ..resources import METRIC_ALARM, SCALING, Resources
from .exchange import Exchange
from .limits import VALUE

METRICS = "AWS/SageMaker"
BACKLOG, WAITING = "ApproximateBacklogSizePerInstance", "HasBacklogWithoutCapacity"
WAKE_MINUTES = 2
"""That something waits before an instance starts."""


def with_queue(exchange: Exchange, spec: ModelSpec) -> dict[str, Any]:
    """What the configuration of an endpoint says of its queue; a topic hears of what failed.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-create-endpoint.html
    """
    output = {
        "s3OutputPath": exchange.answers,
        "s3FailurePath": exchange.failures,
        "kmsKeyId": exchange.key,
        **({"notificationConfig": {"errorTopic": exchange.topic}} if exchange.topic else {}),
    }
    client = {"maxConcurrentInvocationsPerInstance": spec.request.concurrency}
    return {"asyncInferenceConfig": {"clientConfig": client, "outputConfig": output}}


def backlog(plan: Plan) -> dict[str, Any]:
    """The target that a policy tracks: without a value in the config, what an instance works on at the same time.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html
    """
    spec = plan.spec
    value = spec.scaling.target.value if VALUE in written(spec) else spec.request.concurrency
    metric = {"metricName": BACKLOG, "statistic": "Average", "namespace": METRICS}
    dimensions = [{"name": "EndpointName", "value": endpoint_name(plan)}]
    return {"targetValue": value, "customizedMetricSpecification": {**metric, "dimensions": dimensions}}


def waking(own: Resources, resource: dict[str, Any], capacity: pulumi.Resource, cooldown: int) -> None:
    """What starts instances again when something waits and none runs, of which no tracked metric tells.

    Args:
        resource: what the bounds are of.
        cooldown: seconds until it may do so again.
    """
    plan = own.plan
    step = {"metricIntervalLowerBound": "0", "scalingAdjustment": plan.spec.scaling.min}
    steps = {
        "adjustmentType": "ExactCapacity",
        "cooldown": cooldown,
        "metricAggregationType": "Average",
        "stepAdjustments": [step],
    }
    name = plan.names.of("waking")
    inputs = {"name": name, **resource, "policyType": "StepScaling", "stepScalingPolicyConfiguration": steps}
    policy = own.make(SCALING, "waking", inputs, pulumi.ResourceOptions(depends_on=[capacity]))
    alarm = {
        "name": name,
        "alarmDescription": f"Requests wait for {plan.names.of()}, and no instance runs: this starts some.",
        "namespace": METRICS,
        "metricName": WAITING,
        "dimensions": {"EndpointName": endpoint_name(plan)},
        "statistic": "Average",
        "period": 60,
        "evaluationPeriods": WAKE_MINUTES,
        "datapointsToAlarm": WAKE_MINUTES,
        "threshold": 1,
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "treatMissingData": "missing",
        "alarmActions": [policy.arn],
    }
    own.make(METRIC_ALARM, "waking-alarm", alarm)


def queued(own: Resources, account: Account, bundle: Bundle, exchange: Exchange) -> pulumi.Output[str]:
    """The command that puts the bundle's sample into the queue; its answer says where the model's will be."""
    sample = shlex.quote(str(bundle.path.absolute() / "sample.json"))
    seconds = round(own.plan.spec.request.timeout.seconds)
    request = pulumi.Output.concat(exchange.requests, "/sample.json")
    region = pulumi.Output.concat(" --region ", account.region)
    call = f" && aws sagemaker-runtime invoke-endpoint-async --endpoint-name {endpoint_name(own.plan)}"
    more = f" --content-type application/json --invocation-timeout-seconds {seconds} --input-location "
    return pulumi.Output.concat(f"aws s3 cp {sample} ", request, region, call, region, more, request)
