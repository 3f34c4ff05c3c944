"""A variant that goes follows no load any more before it goes, as SageMaker asks."""

import boto3
import pytest
from moto import mock_aws

from modelport.providers.sagemaker import SageMakerVariants

RESOURCE = SageMakerVariants()
REGION = "eu-central-1"
COUNT = "sagemaker:variant:DesiredInstanceCount"


@pytest.fixture
def account(monkeypatch):
    """SageMaker with an endpoint of two variants, and another endpoint."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("sagemaker", region_name=REGION)
        role = "arn:aws:iam::123456789012:role/fraud"
        client.create_model(ModelName="double", ExecutionRoleArn=role, PrimaryContainer={"Image": "server"})
        variants = [variant("stable"), variant("candidate")]
        client.create_endpoint_config(EndpointConfigName="second", ProductionVariants=variants)
        for endpoint in ("fraud", "other"):
            client.create_endpoint(EndpointName=endpoint, EndpointConfigName="second")
        yield boto3.client("application-autoscaling", region_name=REGION)


def variant(name):
    runs = {"InstanceType": "ml.c5.large", "InitialInstanceCount": 2}
    return {"VariantName": name, "ModelName": "double", "InitialVariantWeight": 1, **runs}


def scale(account, *variants):
    for each in variants:
        bounds = {"MinCapacity": 2, "MaxCapacity": 4}
        account.register_scalable_target(
            ServiceNamespace="sagemaker", ResourceId=each, ScalableDimension=COUNT, **bounds
        )


def scaled(account):
    found = account.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    return {each["ResourceId"] for each in found}


def inputs(*variants, machine="ml.c5.large", **changes):
    given = {"region": REGION, "endpoint": "fraud", "variants": dict.fromkeys(variants, machine)}
    checked, failures = RESOURCE.check({**given, **changes})
    assert failures == []
    return checked


STABLE, CANDIDATE = (f"endpoint/fraud/variant/{name}" for name in ("stable", "candidate"))
OTHER = "endpoint/other/variant/candidate"


def test_a_variant_that_goes_follows_no_load_any_more(account):
    scale(account, STABLE, CANDIDATE, OTHER)
    told = []
    assert RESOURCE.update("eu-central-1/fraud", inputs("stable"), told.append) == inputs("stable")
    assert scaled(account) == {STABLE, OTHER}
    assert told == ["endpoint fraud: candidate is going, and follows no load meanwhile"]


def test_a_variant_that_gets_other_instances_follows_no_load_meanwhile(account):
    scale(account, STABLE, CANDIDATE, OTHER)
    told = []
    RESOURCE.update("eu-central-1/fraud", inputs("stable", "candidate", machine="ml.c5.xlarge"), told.append)
    assert scaled(account) == {OTHER}
    assert told[0] == "endpoint fraud: stable gets other instances, and follows no load meanwhile"


def test_a_variant_that_stays_or_follows_no_load_is_left_alone(account):
    scale(account, STABLE)
    assert RESOURCE.create(inputs("stable"), print) == ("eu-central-1/fraud", inputs("stable"))
    scale(account, CANDIDATE)
    RESOURCE.update("eu-central-1/fraud", inputs("stable", "candidate"), print)
    assert scaled(account) == {STABLE, CANDIDATE}


def test_an_endpoint_that_is_not_there_yet_has_none(account):
    given = inputs("stable", endpoint="new")
    assert RESOURCE.create(given, print) == ("eu-central-1/new", given)


@pytest.mark.parametrize(
    ("news", "changed", "replaced"),
    [
        (inputs("stable", "candidate"), (), ()),
        (inputs("stable"), ("variants",), ()),
        (inputs("stable", "candidate", machine="ml.c5.xlarge"), ("variants",), ()),
        (inputs("stable", "candidate", endpoint="other"), ("endpoint",), ("endpoint",)),
        (inputs("stable", "candidate", region="us-east-1"), ("region",), ("region",)),
    ],
)
def test_what_is_a_change(news, changed, replaced):
    found = RESOURCE.diff(inputs("stable", "candidate"), news)
    assert (found.properties, found.replaces) == (changed, replaced)
