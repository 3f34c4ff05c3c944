"""An endpoint has answered the sample of each of its models before anybody relies on it."""

import io
import json

import boto3
import pytest
from botocore.stub import ANY, Stubber
from support import models

from modelport.bundle import build
from modelport.errors import ModelportError
from modelport.providers.sagemaker import SageMakerSmokeTest, endpoint

RESOURCE = SageMakerSmokeTest()
GROUP = "/aws/sagemaker/Endpoints/fraud"
ASKED = {"EndpointName": "fraud", "ContentType": "application/json", "Body": ANY}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    return build(models.save(models.scaling(2.0), folder / "double.onnx"), folder / "double")


@pytest.fixture
def inputs(bundle):
    given = {"region": "eu-central-1", "endpoint": "fraud", "configuration": "second"}
    checked, failures = RESOURCE.check(
        {**given, "bundles": {"stable": str(bundle.path)}, "digests": {"stable": bundle.digest}, "seconds": 60}
    )
    assert failures == []
    return checked


@pytest.fixture
def aws(monkeypatch):
    """AWS as it is told to answer, in order; whatever else is asked of it fails."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    made = {name: boto3.client(name, region_name="eu-central-1") for name in ("sagemaker", "sagemaker-runtime", "logs")}
    stubs = {name: Stubber(client) for name, client in made.items()}
    monkeypatch.setattr(boto3, "client", lambda service, region_name, config: made[service])
    monkeypatch.setattr(endpoint, "POLL_SECONDS", 0)
    monkeypatch.setattr(endpoint, "SAY_SECONDS", 0)
    for each in stubs.values():
        each.activate()
    yield stubs
    for each in stubs.values():
        each.assert_no_pending_responses()


def describe(aws, status="InService", configuration="second", **more):
    moment = "2026-01-01T00:00:00Z"
    found = {"EndpointName": "fraud", "EndpointArn": "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/fraud"}
    times = {"CreationTime": moment, "LastModifiedTime": moment}
    told = {**found, **times, "EndpointStatus": status, "EndpointConfigName": configuration, **more}
    aws["sagemaker"].add_response("describe_endpoint", told, {"EndpointName": "fraud"})


def answer(aws, body, variant="stable"):
    runtime = aws["sagemaker-runtime"]
    told = {"Body": io.BytesIO(json.dumps(body).encode()), "ContentType": "application/json"}
    runtime.add_response("invoke_endpoint", told, {**ASKED, "TargetVariant": variant})


def said(aws, *lines):
    streams(aws, {"a/i-1": 1})
    spoken(aws, "a/i-1", *lines)


def streams(aws, begun):
    """The log has these streams, with the moments when they began."""
    told = [{"logStreamName": name, "creationTime": moment} for name, moment in begun.items()]
    aws["logs"].add_response("describe_log_streams", {"logStreams": told}, {"logGroupName": GROUP})


def spoken(aws, stream, *lines):
    of = {"logGroupName": GROUP, "logStreamName": stream, "limit": 20, "startFromHead": False}
    aws["logs"].add_response("get_log_events", {"events": [{"message": line} for line in lines]}, of)


def test_an_endpoint_that_answers_as_the_bundle_says_has_passed(aws, inputs, bundle):
    told = []
    describe(aws, "Creating")
    describe(aws)
    answer(aws, bundle.expected())
    made, outputs = RESOURCE.create(inputs, told.append)
    assert (made, outputs) == ("eu-central-1/fraud", inputs)
    assert told[0].startswith("endpoint fraud is Creating for")
    assert told[-1] == "endpoint fraud: stable has answered its sample"


def test_each_variant_is_asked(aws, inputs, bundle):
    describe(aws)
    both = {role: str(bundle.path) for role in ("stable", "candidate")}
    for role in both:
        answer(aws, bundle.expected(), role)
    RESOURCE.create({**inputs, "bundles": both, "digests": dict.fromkeys(both, bundle.digest)}, print)


def test_a_wrong_answer_fails_with_what_the_containers_said_last(aws, inputs, bundle):
    wrong = bundle.expected()
    wrong["outputs"][0]["data"][0] += 1
    describe(aws)
    answer(aws, wrong)
    said(aws, '{"event": "started"}\n', "x" * 1000)
    with pytest.raises(ModelportError) as error:
        RESOURCE.create(inputs, print)
    text = str(error.value)
    assert text.startswith("fraud\n  stable answers its sample wrongly: ")
    assert text.endswith('said last:\n    {"event": "started"}\n    ' + "x" * 300)


@pytest.mark.parametrize(
    ("status", "configuration", "words"),
    [
        ("Failed", "second", "is Failed: the container did not answer its ping"),
        ("OutOfService", "second", "is OutOfService"),
        ("InService", "first", "has gone back to first: the container did not answer its ping"),
    ],
)
def test_an_endpoint_that_did_not_come_fails_with_sagemakers_reason(aws, inputs, status, configuration, words):
    describe(aws, status, configuration, FailureReason="the container did not answer its ping")
    said(aws, "no such file: model.onnx")
    with pytest.raises(ModelportError, match=r"no such file: model\.onnx") as error:
        RESOURCE.create(inputs, print)
    assert words in str(error.value)


def test_an_endpoint_that_takes_too_long_fails(aws, inputs, monkeypatch):
    moments = iter((0.0, 61.0))
    monkeypatch.setattr(endpoint.time, "monotonic", lambda: next(moments, 61.0))
    describe(aws, "Updating")
    said(aws, "downloading")
    with pytest.raises(ModelportError, match="is still Updating after 61 s"):
        RESOURCE.create(inputs, print)


def test_the_words_of_new_instances_come_before_those_of_old_ones_that_go_on_speaking(aws, inputs):
    describe(aws, "Failed")
    streams(aws, {"stable/i-1": 1, "stable/i-2": 2, "stable/i-3": 3, "stable/i-4": 4, "stable/i-5": 9})
    for number in (5, 4, 3):
        spoken(aws, f"stable/i-{number}", f"of {number}")
    with pytest.raises(ModelportError, match=r"(?s)of 5.*of 4.*of 3"):
        RESOURCE.create(inputs, print)


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_without_logs_there_is_the_error_alone(aws, inputs, code):
    describe(aws, "Failed")
    aws["logs"].add_client_error("describe_log_streams", code)
    with pytest.raises(ModelportError, match="have said nothing that can be read"):
        RESOURCE.create(inputs, print)


def test_an_endpoint_that_is_not_there_fails(aws, inputs):
    aws["sagemaker"].add_client_error("describe_endpoint", "ValidationException", "Could not find endpoint")
    aws["logs"].add_client_error("describe_log_streams", "ResourceNotFoundException")
    with pytest.raises(ModelportError, match="fraud\n  is not there"):
        RESOURCE.create(inputs, print)


@pytest.mark.parametrize(
    ("code", "message"), [("ModelError", "Received server error (500)"), ("ExpiredTokenException", "expired")]
)
def test_what_aws_says_is_said(aws, inputs, code, message):
    describe(aws)
    aws["sagemaker-runtime"].add_client_error("invoke_endpoint", code, message)
    said(aws, "out of memory")
    with pytest.raises(ModelportError) as error:
        RESOURCE.create(inputs, print)
    assert "stable does not answer its sample" in str(error.value) and message in str(error.value)


def test_a_serverless_endpoint_is_asked_again_until_its_container_is_there(aws, inputs, bundle):
    describe(aws)
    aws["sagemaker-runtime"].add_client_error("invoke_endpoint", "ModelNotReadyException", "still being provisioned")
    answer(aws, bundle.expected())
    assert RESOURCE.create(inputs, print)[1] == inputs


def test_a_container_that_never_is_there_fails(aws, inputs, monkeypatch):
    monkeypatch.setattr(endpoint, "PROVISIONING_SECONDS", -1)
    describe(aws)
    aws["sagemaker-runtime"].add_client_error("invoke_endpoint", "ModelNotReadyException", "still being provisioned")
    said(aws, "loading")
    with pytest.raises(ModelportError, match=r"still being provisioned"):
        RESOURCE.create(inputs, print)


def test_an_answer_of_another_kind_fails(aws, inputs):
    describe(aws)
    answer(aws, ["something"])
    said(aws)
    with pytest.raises(ModelportError, match="is no V2 infer response"):
        RESOURCE.create(inputs, print)


@pytest.mark.parametrize("name", ["configuration", "digests"])
def test_another_configuration_is_asked_again(inputs, name):
    changed = {**inputs, name: "third" if name == "configuration" else {"stable": f"sha256:{'1' * 64}"}}
    changes = RESOURCE.diff(inputs, changed)
    assert (changes.properties, changes.replaces) == ((name,), ())


def test_where_the_bundles_lie_is_no_change(inputs):
    assert RESOURCE.diff(inputs, {**inputs, "bundles": {"stable": "/elsewhere"}, "seconds": 1}).properties == ()


def test_a_preview_asks_nobody(aws, inputs):
    assert RESOURCE.plan({}, inputs) == inputs


def test_an_endpoint_that_runs_something_else_has_not_been_asked(aws, inputs):
    describe(aws)
    assert RESOURCE.read("eu-central-1/fraud", inputs) == inputs
    describe(aws, configuration="third")
    assert RESOURCE.read("eu-central-1/fraud", inputs) is None
    aws["sagemaker"].add_client_error("describe_endpoint", "ValidationException")
    assert RESOURCE.read("eu-central-1/fraud", inputs) is None


def test_what_cannot_be_is_named(inputs):
    for name, value in (("bundles", {}), ("seconds", 0), ("digests", {"stable": "sha256:1"})):
        _, failures = RESOURCE.check({**inputs, name: value})
        assert [failure.property.partition(".")[0] for failure in failures] == [name]
