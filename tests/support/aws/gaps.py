"""What moto does not have, or has otherwise than AWS."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from support.aws.kinds import ACCOUNT

Asked = tuple[str, Mapping[str, Any]]

LATER = (
    *(f"ml.{family}.xlarge" for family in ("c6i", "c7i", "g5", "g6", "g6e", "inf2", "m6i", "m7i", "r6i", "r7i")),
    *("ml.p4d.24xlarge", "ml.p5.48xlarge"),
)
"""A machine of each family that its list of instance types lacks."""
KNOWN = "ml.g4dn.xlarge"


@dataclass(frozen=True)
class Gap:
    """An operation that moto does not do as AWS does.

    Attributes:
        around: the parameters that moto takes, the same where the gap does not matter; None where it takes none.
        first: what it takes so that what it refuses can be asked at all.
        refused: what it refuses as long as there is the gap, each with `error`.
    """

    operation: str
    reason: str
    error: str
    refused: tuple[Asked, ...]
    first: tuple[Asked, ...] = ()
    around: Callable[[Any], Mapping[str, Any] | None] = lambda _: None


def known_machines(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    families = {each.split(".")[1] for each in LATER}

    def known(variant: Mapping[str, Any]) -> Mapping[str, Any]:
        later = variant.get("InstanceType", "ml..").split(".")[1] in families
        return {**variant, "InstanceType": KNOWN} if later else variant

    lists = {key for key in parameters if key.endswith("ProductionVariants")}
    return {key: [known(each) for each in value] if key in lists else value for key, value in parameters.items()}


def without_denials(parameters: Mapping[str, Any]) -> Mapping[str, Any] | None:
    policy = json.loads(parameters["Policy"])
    kept = [each for each in policy["Statement"] if not (each["Effect"] == "Deny" and "Condition" in each)]
    if len(kept) == len(policy["Statement"]):
        return parameters
    return {**parameters, "Policy": json.dumps({**policy, "Statement": kept})} if kept else None


def configured(name: str, machine: str) -> Asked:
    variant = {"VariantName": "all", "ModelName": "model", "InstanceType": machine, "InitialInstanceCount": 1}
    return "sagemaker.CreateEndpointConfig", {"EndpointConfigName": name, "ProductionVariants": [variant]}


MODEL = ("sagemaker.CreateModel", {"ModelName": "model", "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/serving"})
ENDPOINT = {"EndpointName": "endpoint", "EndpointConfigName": "first"}
DENIED = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::models/*"}
PLAIN_HTTP = {**DENIED, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}

GAPS = (
    Gap(
        "sagemaker.CreateEndpointConfig",
        "its list of instance types is older than these families",
        "Member must satisfy enum value set",
        first=(MODEL,),
        refused=tuple(configured("later", machine) for machine in LATER),
        around=known_machines,
    ),
    Gap(
        "sagemaker.UpdateEndpoint",
        "no endpoint changes its configuration",
        "has not been implemented",
        first=(MODEL, configured("first", KNOWN), ("sagemaker.CreateEndpoint", ENDPOINT)),
        refused=(("sagemaker.UpdateEndpoint", ENDPOINT),),
    ),
    Gap(
        "cloudwatch.PutCompositeAlarm",
        "alarms are of metrics only",
        "has not been implemented",
        refused=(("cloudwatch.PutCompositeAlarm", {"AlarmName": "any", "AlarmRule": "ALARM(one)"}),),
    ),
    Gap(
        "s3.PutBucketPolicy",
        "conditions are not looked at, so that what is denied on a condition is denied to all",
        "Forbidden",
        first=(
            ("s3.CreateBucket", {"Bucket": "models"}),
            ("s3.PutBucketPolicy", {"Bucket": "models", "Policy": json.dumps({"Statement": [PLAIN_HTTP]})}),
        ),
        refused=(("s3.PutObject", {"Bucket": "models", "Key": "model.onnx"}),),
        around=without_denials,
    ),
)
