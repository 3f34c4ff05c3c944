"""A service on SageMaker with a queue, whose requests and answers are files."""

import json
import shlex

import botocore.session
import pytest
from moto import mock_aws
from support.aws.account import Account
from support.aws.judge import judge
from support.aws.kinds import ACCOUNT, REGION
from support.aws.requests import requests_of

from modelport.spec import Memory, Request, Scaling

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
BUCKET = "s3://@{fraud-bucket.bucket}"
TO_ZERO = Scaling(min=2, max=5, scale_to_zero=True)
DAY = {"cron": "0 8 * * *", "min": 3, "max": 4}
RESTING, OFF = ({"cron": "0 18 * * *", "min": 0, "max": most} for most in (4, 0))


@pytest.fixture
def queued(sagemaker):
    return lambda environment=None, **sections: sagemaker(environment, mode="async", **sections)


def queue(program):
    return program.inputs["fraud-configuration"]["asyncInferenceConfig"]


def rights(program, name):
    return {each["Sid"]: each for each in json.loads(program.inputs[name]["policy"])["Statement"]}


def followed(program):
    return program.inputs["fraud-scaling"]["targetTrackingScalingPolicyConfiguration"]


def test_answers_and_failures_go_into_the_services_bucket_under_its_key(queued):
    assert queue(queued())["outputConfig"] == {
        "s3OutputPath": f"{BUCKET}/answers",
        "s3FailurePath": f"{BUCKET}/failures",
        "kmsKeyId": "@{fraud-key.arn}",
    }


def test_in_a_bucket_that_is_given_they_have_a_folder_of_the_service(queued):
    output = queue(queued({"existing": {"bucket": "s3://ours/team"}}))["outputConfig"]
    assert output["s3OutputPath"] == "s3://ours/team/fraud/answers"


def test_a_topic_that_is_given_hears_of_failures(queued):
    program = queued({"existing": {"topic": TOPIC}})
    assert queue(program)["outputConfig"]["notificationConfig"] == {"errorTopic": TOPIC}
    assert rights(program, "fraud-role-policy")["Tell"]["Resource"] == TOPIC
    assert "Tell" not in rights(queued(), "fraud-role-policy")
    assert judge(requests_of(program)).problems == []


def test_an_instance_gets_as_many_requests_at_once_as_it_may(queued):
    program = queued(request=Request(concurrency=3))
    assert queue(program)["clientConfig"] == {"maxConcurrentInvocationsPerInstance": 3}


def test_its_role_reads_requests_and_writes_answers_and_nothing_else(queued):
    own = rights(queued(), "fraud-role-policy")
    bucket = "arn:aws:s3:::@{fraud-bucket.bucket}"
    assert own["ReadRequests"]["Resource"] == f"{bucket}/requests/*"
    assert own["ListRequests"]["Condition"] == {"StringLike": {"s3:prefix": "requests/*"}}
    assert own["WriteAnswers"]["Resource"] == [f"{bucket}/answers/*", f"{bucket}/failures/*"]
    assert rights(queued(), "fraud-private-s3")["WriteAnswers"]["Resource"] == own["WriteAnswers"]["Resource"]


def test_callers_write_requests_and_read_answers(queued):
    callers = rights(queued(), "fraud-invoker")
    bucket = "arn:aws:s3:::@{fraud-bucket.bucket}"
    assert callers["Invoke"]["Action"] == "sagemaker:InvokeEndpointAsync"
    assert callers["WriteRequests"]["Resource"] == f"{bucket}/requests/*"
    assert callers["ReadAnswers"]["Resource"] == [f"{bucket}/answers/*", f"{bucket}/failures/*"]
    assert callers["UseKey"]["Resource"] == "@{fraud-key.arn}"


def test_what_was_asked_and_answered_goes_in_time(queued, sagemaker):
    def expiring(program):
        rules = program.inputs["fraud-bucket-lifecycle"]["rules"]
        return {each["filter"]["prefix"]: each["expiration"]["days"] for each in rules if "expiration" in each}

    assert expiring(queued()) == {"requests/": 30, "answers/": 30, "failures/": 30}
    assert expiring(sagemaker()) == {}


def test_instances_follow_what_waits(queued):
    program = queued()
    metric = followed(program)["customizedMetricSpecification"]
    assert (metric["namespace"], metric["metricName"]) == ("AWS/SageMaker", "ApproximateBacklogSizePerInstance")
    assert metric["dimensions"] == [{"name": "EndpointName", "value": "fraud-dev"}]
    assert followed(program)["targetValue"] == 16  # what an instance works on at once
    asked = queued(scaling=Scaling(target={"metric": "concurrency", "value": 5}))
    assert (
        followed(asked)["customizedMetricSpecification"]["metricName"],
        followed(asked)["targetValue"],
    ) == ("ApproximateBacklogSizePerInstance", 5)


def test_a_target_without_a_value_is_what_an_instance_works_on(queued):
    program = queued(request=Request(concurrency=3), scaling=Scaling(target={"metric": "concurrency"}))
    assert followed(program)["targetValue"] == 3


def test_instances_follow_utilisation_where_it_is_asked_for(queued):
    program = queued(scaling=Scaling(target={"metric": "cpu", "value": 50}))
    assert followed(program)["customizedMetricSpecification"]["metricName"] == "CPUUtilization"


def test_without_requests_no_instance_stays_where_that_is_asked_for(queued):
    assert queued(scaling=TO_ZERO).inputs["fraud-capacity"]["minCapacity"] == 0
    program = queued()
    assert program.inputs["fraud-capacity"]["minCapacity"] == 2
    assert not [name for name in program.inputs if "waking" in name]


def test_what_waits_while_no_instance_runs_starts_some(queued):
    program = queued(scaling=TO_ZERO)
    alarm, policy = program.inputs["fraud-waking-alarm"], program.inputs["fraud-waking"]
    assert alarm["metricName"] == "HasBacklogWithoutCapacity"
    assert alarm["dimensions"] == {"EndpointName": "fraud-dev"}
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert alarm["alarmActions"] == ["@{fraud-waking.arn}"]
    assert (alarm["period"], alarm["evaluationPeriods"], alarm["datapointsToAlarm"]) == (60, 2, 2)
    steps = policy["stepScalingPolicyConfiguration"]
    assert steps["adjustmentType"] == "ExactCapacity"
    assert steps["stepAdjustments"] == [{"metricIntervalLowerBound": "0", "scalingAdjustment": 2}]
    assert steps["cooldown"] == followed(program)["scaleOutCooldown"] == 300
    assert policy["resourceId"] == program.inputs["fraud-capacity"]["resourceId"]
    assert judge(requests_of(program)).problems == []


def test_a_window_in_which_instances_may_come_wakes_them(queued):
    assert "fraud-waking-alarm" in queued(scaling=Scaling(schedule=[DAY, RESTING])).inputs
    assert "fraud-waking-alarm" not in queued(scaling=Scaling(schedule=[DAY, OFF])).inputs


@mock_aws
def test_one_up_on_an_empty_account_makes_it(queued):
    account = Account(REGION)
    account.apply(requests_of(queued(scaling=TO_ZERO)))
    scaling = account.client("application-autoscaling")
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    by_type = {each["PolicyType"]: each["PolicyARN"] for each in policies}
    (alarm,) = account.client("cloudwatch").describe_alarms(AlarmNames=["fraud-dev-waking"])["MetricAlarms"]
    assert alarm["AlarmActions"] == [by_type["StepScaling"]]
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 5)


def test_its_outputs_say_how_it_is_asked(queued):
    program = queued(request=Request(timeout="10m"))
    assert program.result["endpoint"]["url"].endswith("/endpoints/fraud-dev/async-invocations")
    copy, call = program.result["invoke"].split(" && ")
    sample = f"{program.inputs['fraud-bundle-blue']['bundle']}/sample.json"
    request = f"{BUCKET}/requests/sample.json"
    assert shlex.split(copy) == ["aws", "s3", "cp", sample, request, "--region", REGION]
    assert shlex.split(call)[:3] == ["aws", "sagemaker-runtime", "invoke-endpoint-async"]
    given = dict(zip(shlex.split(call)[3::2], shlex.split(call)[4::2], strict=True))
    assert given == {
        "--endpoint-name": "fraud-dev",
        "--region": REGION,
        "--content-type": "application/json",
        "--invocation-timeout-seconds": "600",
        "--input-location": request,
    }
    service = botocore.session.get_session().get_service_model("sagemaker-runtime")
    known = service.operation_model("InvokeEndpointAsync").input_shape.members
    assert {"EndpointName", "ContentType", "InvocationTimeoutSeconds", "InputLocation"} <= known.keys()


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"request": Request(payload=Memory.parse("1Gi"))}, "takes at most 976562Ki in one request"),
        ({"scaling": Scaling(target={"metric": "requestsPerSecond", "value": 5})}, "Use concurrency"),
        ({"scaling": Scaling(target={"metric": "waiting", "value": 5})}, "Use concurrency"),
        ({"scaling": Scaling(scale_to_zero=True, target={"metric": "cpu", "value": 50})}, "Use concurrency"),
        ({"scaling": Scaling(target={"metric": "cpu", "value": 50}, schedule=[DAY, RESTING])}, "Use concurrency"),
        (
            {"scaling": Scaling(scale_to_zero=True, schedule=[{"cron": "0 8 * * *", "min": 1, "max": 4}])},
            "Use windows with min: 0",
        ),
    ],
)
def test_what_it_cannot_be_is_refused_with_what_can(refusal, sections, words):
    assert words in refusal(mode="async", **sections)


def test_large_and_slow_requests_are_what_it_is_for(queued):
    program = queued(request=Request(payload=Memory.parse("900Mi"), timeout="1h"))
    settings = program.inputs["fraud-model-blue"]["primaryContainer"]["environment"]
    assert settings["MODELPORT_TIMEOUT"] == "3600"
