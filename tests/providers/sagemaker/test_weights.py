"""Requests are divided as a release says, by an endpoint that runs its configuration."""

import boto3
import pytest
from moto import mock_aws

from modelport.errors import ModelportError
from modelport.providers.sagemaker import LiveEndpoint, SageMakerWeights

RESOURCE = SageMakerWeights()
REGION = "eu-central-1"
LIVE = LiveEndpoint(REGION, "fraud")


@pytest.fixture
def sagemaker(monkeypatch):
    """SageMaker with an endpoint of two variants, of which one answers."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("sagemaker", region_name=REGION)
        role = "arn:aws:iam::123456789012:role/fraud"
        client.create_model(ModelName="double", ExecutionRoleArn=role, PrimaryContainer={"Image": "server"})
        variants = [variant("stable", 100), variant("candidate", 0)]
        client.create_endpoint_config(EndpointConfigName="second", ProductionVariants=variants)
        client.create_endpoint(EndpointName="fraud", EndpointConfigName="second")
        LIVE.divide({"stable": 100, "candidate": 0})  # as moto leaves out a weight of 0
        yield client


def variant(name, weight):
    runs = {"InstanceType": "ml.c5.large", "InitialInstanceCount": 2}
    return {"VariantName": name, "ModelName": "double", "InitialVariantWeight": weight, **runs}


def inputs(**changes):
    given = {"region": REGION, "endpoint": "fraud", "configuration": "second", "seconds": 60}
    checked, failures = RESOURCE.check({**given, "weights": {"stable": 80, "candidate": 20}, **changes})
    assert failures == []
    return checked


def test_requests_are_divided_anew(sagemaker):
    told = []
    assert RESOURCE.create(inputs(), told.append) == ("eu-central-1/fraud", inputs())
    assert LIVE.weights() == {"stable": 80, "candidate": 20}
    assert told == ["endpoint fraud divides its requests: stable 80, candidate 20"]
    RESOURCE.update("eu-central-1/fraud", inputs(weights={"stable": 0, "candidate": 100}), print)
    assert LIVE.weights() == {"stable": 0, "candidate": 100}


def test_what_is_so_already_is_left_alone(sagemaker, monkeypatch):
    monkeypatch.setattr(LiveEndpoint, "divide", lambda *_: pytest.fail("it is asked for nothing new"))
    RESOURCE.create(inputs(weights={"stable": 100, "candidate": 0}), print)


def test_an_endpoint_that_runs_something_else_keeps_its_weights(sagemaker):
    with pytest.raises(ModelportError, match="has gone back to second"):
        RESOURCE.create(inputs(configuration="third"), print)
    assert LIVE.weights() == {"stable": 100, "candidate": 0}


def test_what_somebody_else_divides_is_seen(sagemaker):
    id, outputs = RESOURCE.create(inputs(), print)
    assert RESOURCE.read(id, outputs) == outputs
    LIVE.divide({"stable": 50, "candidate": 50})
    assert RESOURCE.read(id, outputs) == {**outputs, "weights": {"stable": 50, "candidate": 50}}
    assert RESOURCE.read(id, {**outputs, "configuration": "third"}) is None
    sagemaker.delete_endpoint(EndpointName="fraud")
    assert RESOURCE.read(id, outputs) is None
    assert LIVE.weights() == {}


def test_a_variant_that_is_not_there_is_named(sagemaker):
    with pytest.raises(ModelportError, match=r"fraud\n.*candidat\b.*not present"):
        RESOURCE.create(inputs(weights={"candidat": 100}), print)


@pytest.mark.parametrize(
    ("changes", "changed", "replaced"),
    [
        ({}, (), ()),
        ({"seconds": 61}, (), ()),
        ({"weights": {"stable": 50, "candidate": 50}}, ("weights",), ()),
        ({"configuration": "third"}, ("configuration",), ()),
        ({"endpoint": "other"}, ("endpoint",), ("endpoint",)),
        ({"region": "us-east-1"}, ("region",), ("region",)),
    ],
)
def test_what_is_a_change(changes, changed, replaced):
    found = RESOURCE.diff(inputs(), inputs(**changes))
    assert (found.properties, found.replaces) == (changed, replaced)


@pytest.mark.parametrize("weights", [{}, {"stable": -1}, {"stable": 101}, {"stable": "many"}])
def test_shares_that_are_none_are_refused(weights):
    _, failures = RESOURCE.check({**inputs(), "weights": weights})
    assert [failure.property.split(".")[0] for failure in failures] == ["weights"]
