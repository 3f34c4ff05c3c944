"""A service on SageMaker without instances of its own."""

import pytest
from moto import mock_aws
from support.aws.account import Account
from support.aws.judge import judge
from support.aws.kinds import REGION
from support.aws.requests import requests_of

from modelport.spec import Accelerator, Capture, Compute, Memory, Monitoring, Request, Scaling

SUBNETS = {"subnets": ["subnet-1"], "security_groups": ["sg-1"]}


@pytest.fixture
def serverless(sagemaker):
    return lambda environment=None, **sections: sagemaker(environment, mode="serverless", **sections)


def variant(program):
    (only,) = program.inputs["fraud-configuration"]["productionVariants"]
    return only


def test_its_variant_has_memory_and_no_instances(serverless):
    assert variant(serverless()) == {
        "variantName": "stable",
        "modelName": "@{fraud-model-blue.name}",
        "initialVariantWeight": 100,
        "serverlessConfig": {"memorySizeInMb": 2048, "maxConcurrency": 4 * 16},
    }


@pytest.mark.parametrize(("memory", "megabytes"), [("64Mi", 1024), ("1Gi", 1024), ("1025Mi", 2048), ("6Gi", 6144)])
def test_memory_is_the_least_that_holds_what_is_asked(serverless, memory, megabytes):
    program = serverless(compute=Compute(memory=Memory.parse(memory)))
    assert variant(program)["serverlessConfig"]["memorySizeInMb"] == megabytes
    assert judge(requests_of(program)).problems == []


def test_as_many_requests_at_once_as_instances_would_take(serverless):
    program = serverless(scaling=Scaling(max=5), request=Request(concurrency=3))
    assert variant(program)["serverlessConfig"]["maxConcurrency"] == 15


def test_its_model_is_one_archive_without_a_network(serverless):
    program = serverless()
    model, bundle = program.inputs["fraud-model-blue"], program.inputs["fraud-bundle-blue"]
    place = f"s3://@{{fraud-bucket.bucket}}/models/fraud/{bundle['digest'].removeprefix('sha256:')}"
    assert model["primaryContainer"]["modelDataUrl"] == f"{place}/model.tar.gz"
    assert not {"modelDataSource"} & model["primaryContainer"].keys()
    assert not {"vpcConfig", "enableNetworkIsolation"} & model.keys()
    assert bundle["packed"] is True
    assert not [name for name in program.inputs if "vpc" in name or "private" in name or "subnet" in name]


def test_its_role_has_no_rights_in_networks(serverless):
    assert "ec2:" not in serverless().inputs["fraud-role-policy"]["policy"]


def test_what_it_stores_has_the_key(serverless):
    assert serverless().inputs["fraud-configuration"]["kmsKeyArn"] == "@{fraud-key.arn}"


def test_nothing_of_ours_changes_its_number(serverless):
    program = serverless(scaling=Scaling(max=5, scale_to_zero=True))
    assert not [each for each in program.names if "appautoscaling" in each]


@mock_aws
def test_one_up_on_an_empty_account_makes_it(serverless):
    account = Account(REGION)
    account.apply(requests_of(serverless()))
    (endpoint,) = account.client("sagemaker").list_endpoints()["Endpoints"]
    assert endpoint["EndpointName"] == "fraud-dev"


@pytest.mark.parametrize(
    ("environment", "sections", "words"),
    [
        ({}, {"compute": Compute(memory=Memory.parse("7Gi"))}, "Write at most 6Gi"),
        ({}, {"compute": Compute(cpu=2)}, "Ask for compute.memory"),
        ({}, {"compute": Compute(machine="ml.m7i.large")}, "no instances of its own"),
        ({}, {"compute": Compute(accelerator=Accelerator(kind="nvidia-l4"))}, "no accelerators"),
        ({}, {"scaling": Scaling(min=1)}, "keeps nothing running"),
        ({}, {"scaling": Scaling(target={"metric": "cpu", "value": 50})}, "follows the load"),
        ({}, {"scaling": Scaling(schedule=[{"cron": "0 8 * * *", "min": 1, "max": 4}])}, "follows the load"),
        ({}, {"scaling": Scaling(max=13)}, "at most 200 requests at once, and this is 208"),
        ({}, {"request": Request(payload=Memory.parse("4Mi"))}, "mode: async takes more."),
        ({}, {"request": Request(timeout="2m")}, "Write at most 60s. mode: async takes more."),
        ({}, {"startup_seconds": 181}, "Write at most 180"),
        ({}, {"monitoring": Monitoring(capture=Capture(percent=10))}, "monitoring.capture.percent"),
        ({"existing": SUBNETS}, {}, "into no network"),
    ],
)
def test_what_it_cannot_be_is_refused_with_what_can(refusal, environment, sections, words):
    assert words in refusal(environment, mode="serverless", **sections)
