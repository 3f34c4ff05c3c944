"""What is planned for AWS is what its operations take, and moto does it."""

import asyncio
from copy import deepcopy
from dataclasses import replace

import pulumi_aws as aws
import pytest
from moto import mock_aws
from pulumi.runtime.rpc import UNKNOWN
from support.aws.account import Account
from support.aws.catalogue import KINDS
from support.aws.gaps import GAPS
from support.aws.judge import judge
from support.aws.kinds import SILENT
from support.aws.program import AwsProgram
from support.aws.requests import requests_of
from support.aws.stack import stack
from support.referring import texts

from modelport_engine.plugins.children import sdk_types

VARIANT = ("productionVariants", 0)
ROUTING = ("deploymentConfig", "blueGreenUpdatePolicy", "trafficRoutingConfiguration")
WRONG = [
    ("model", ("executionRoleArn",), "serving-role-of-the-service", "ExecutionRoleArn does not match arn:aws"),
    ("model", ("name",), "m" * 64, "ModelName is above 63"),
    ("model", ("primaryContainer", "imageUri"), "server:1", "PrimaryContainer has no imageUri"),
    ("model", ("vpcConfig", "subnets"), None, "VpcConfig lacks Subnets"),
    ("model", ("enableNetworkIsolation",), "yes", "EnableNetworkIsolation is no boolean"),
    ("configuration", (*VARIANT, "instanceType"), "ml.g5.tiny", "InstanceType is none of"),
    ("configuration", (*VARIANT, "initialInstanceCount"), "two", "InitialInstanceCount is no integer"),
    ("configuration", (*VARIANT, "initialInstanceCount"), 2.5, "InitialInstanceCount is no integer"),
    ("configuration", (*VARIANT, "initialInstanceCount"), "@{key.arn}", "InitialInstanceCount is no integer"),
    ("configuration", ("productionVariants",), [], "ProductionVariants is below 1"),
    ("configuration", ("dataCaptureConfig", "initialSamplingPercentage"), 101.0, "InitialSamplingPercentage is above"),
    ("endpoint", (*ROUTING, "type"), "BLUE", "TrafficRoutingConfiguration.Type is none of ALL_AT_ONCE, CANARY"),
    ("endpoint", ("endpointConfigName",), None, "lacks EndpointConfigName"),
    ("endpoint", ("retainDeploymentConfig",), True, "has no retainDeploymentConfig"),
    (
        "encryption",
        ("rules", 0, "applyServerSideEncryptionByDefault", "sseAlgorithm"),
        "rot13",
        "SSEAlgorithm is none of",
    ),
    ("access", ("blockPublicAcls",), 1.0, "BlockPublicAcls is no boolean"),
    ("access", ("restrictPublicBucket",), True, "has no restrictPublicBuckets"),
    ("owner", ("rule", "bucketOwner"), "me", "Rules[0] has no bucketOwner"),
    ("images", ("policy",), "{}", "lifecyclePolicyText is below 100"),
    ("serving", ("maxSessionDuration",), 60.0, "MaxSessionDuration is below 3600"),
    ("serving", ("tags",), {"owner": 1.0}, "Tags[0].Value is no string"),
    ("slow", ("comparisonOperator",), "Above", "ComparisonOperator is none of"),
    ("failing", ("metricQueries", 0, "metric", "statistic"), "Sum", "Metrics[0].MetricStat has no statistic"),
    ("in", ("cidrIpv5",), "10.0.0.0/16", "has no cidrIpv5"),
    ("flows", ("trafficType",), "SOME", "TrafficType is none of ACCEPT, REJECT, ALL"),
    ("asking", ("ruleAction",), "maybe", "RuleAction is none of allow, deny"),
    ("list", ("cidrBlock",), "10.0.0.0/16", "has no cidrBlock"),
    ("key", ("isEnabled",), False, "has no isEnabled"),
    ("alerts", ("tracingConfig",), "Active", "has no tracingConfig"),
    ("tracking", ("policyType",), "Tracking", "PolicyType is none of"),
    ("budget", ("timePeriodStart",), "soon", "Budget.TimePeriod.Start is no point in time"),
    ("budget", ("notifications", 0, "notificationType"), "GUESSED", "Notification.NotificationType is none of"),
]


@pytest.fixture(scope="module")
def planned(mocks_loop):
    asyncio.set_event_loop(mocks_loop)
    return AwsProgram.run(stack)


def test_a_stack_of_every_type_asks_for_nothing_wrong(planned):
    assert {each.type for each in planned.requests} == {token_of(kind) for kind in KINDS}
    verdict = judge(requests_of(planned))
    assert verdict.problems == []
    assert len(verdict.skipped) <= 5


@pytest.mark.parametrize(
    ("name", "path", "value", "problem"), WRONG, ids=lambda each: each if isinstance(each, str) else ""
)
def test_what_is_wrong_is_found(planned, name, path, value, problem):
    (found,) = judge(requests_of(changed(planned, (name, path, value)))).problems
    assert found.startswith(f"{name}: ")
    assert problem in found


def test_all_that_is_wrong_is_found_at_once(planned):
    places = {(name, path[0]): (name, path, value) for name, path, value, _ in WRONG}
    assert len(judge(requests_of(changed(planned, *places.values()))).problems) == len(places)


def test_what_is_not_known_yet_may_be_anything(planned):
    unknown = [(name, path, UNKNOWN) for name, path, value, problem in WRONG if "has no" not in problem]
    assert judge(requests_of(changed(planned, *unknown))).problems == []


def test_what_nobody_can_translate_fails(planned):
    program = AwsProgram.run(lambda: aws.sqs.Queue("queue") and None)
    with pytest.raises(AssertionError, match="how to make aws:sqs/queue:Queue"):
        requests_of(program)


def test_what_the_catalogue_says_of_inputs_is_of_inputs_that_there_are():
    known = {kind: sdk_types.properties(sdk_types.args_class(token_of(kind))).keys() for kind in KINDS}
    assert SILENT.keys() <= set().union(*known.values())
    for name, kind in KINDS.items():
        later = {each for then in kind.then for each in (*then.inputs, then.switch) if each}
        assert kind.takes.keys() | later <= known[name], name


@mock_aws
def test_moto_makes_the_stack_around_its_gaps(planned):
    account = Account()
    account.apply(requests_of(planned))
    assert account.gaps == [
        ("policy", "s3.PutBucketPolicy"),
        ("configuration", "sagemaker.CreateEndpointConfig"),
        ("any", "cloudwatch.PutCompositeAlarm"),
    ]
    for each in planned.requests:
        for output in {"id", "arn", "name"} & {"id", *texts(each.type)}:
            assert account.output(each.name, output), each.name
    endpoint = account.ask("sagemaker.DescribeEndpoint", {"EndpointName": "fraud"})
    configuration = account.ask(
        "sagemaker.DescribeEndpointConfig", {"EndpointConfigName": endpoint["EndpointConfigName"]}
    )
    model = account.ask("sagemaker.DescribeModel", {"ModelName": configuration["ProductionVariants"][0]["ModelName"]})
    role = account.ask("iam.GetRole", {"RoleName": account.output("serving", "name")})
    assert endpoint["EndpointStatus"] == "InService"
    assert model["ExecutionRoleArn"] == role["Role"]["Arn"]
    assert (
        account.output("models", "arn")
        in account.ask(
            "iam.GetRolePolicy", {"RoleName": role["Role"]["RoleName"], "PolicyName": account.output("reads", "name")}
        )["PolicyDocument"]["Statement"][0]["Resource"]
    )
    account.ask("s3.PutObject", {"Bucket": account.output("models", "id"), "Key": "model.onnx"})


@mock_aws
def test_a_bucket_is_made_in_the_region_of_the_account():
    account = Account("eu-central-1")
    account.apply(requests_of(AwsProgram.run(lambda: aws.s3.Bucket("models") and None)))
    assert account.ask("s3.GetBucketLocation", {"Bucket": "models-1234567"})["LocationConstraint"] == "eu-central-1"


@mock_aws
@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: gap.operation)
def test_moto_has_not_closed_a_gap(gap):
    account = Account()
    for asked in gap.first:
        account.ask(*asked)
    for operation, parameters in gap.refused:
        with pytest.raises(Exception, match=gap.error):
            account.ask(operation, parameters)


def changed(program, *changes):
    """A program with other inputs; None takes one away."""
    inputs = deepcopy(program.inputs)
    for name, path, value in changes:
        section = inputs[name]
        for step in path[:-1]:
            section = section[step]
        if value is None:
            del section[path[-1]]
        else:
            section[path[-1]] = value
    return replace(program, inputs=inputs)


def token_of(kind):
    module, _, name = kind.partition(".")
    return f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"
