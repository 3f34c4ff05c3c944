"""A service on SageMaker that answers files in jobs, and has no endpoint."""

import json
import shlex

import boto3
import pytest
from moto import mock_aws
from support.aws.account import Account
from support.aws.judge import judge
from support.aws.kinds import REGION
from support.aws.requests import Request as Asked
from support.aws.requests import requests_of

from modelport.spec import Accelerator, Compute, Memory, Monitoring, Request, Rollout, Scaling, Slo

BUCKET = "s3://@{fraud-bucket.bucket}"
NAME = "fraud-dev-$(date -u +%Y%m%d%H%M%S)"


@pytest.fixture
def batch(sagemaker):
    return lambda environment=None, **sections: sagemaker(environment, mode="batch", **sections)


def words(program):
    return shlex.split(program.result["invoke"])


def job(program):
    """What a job is started with, under a name of today."""
    given = words(program)
    assert given[given.index("--transform-job-name") + 1].startswith("fraud-dev-$(date")
    return {"TransformJobName": "fraud-dev-20270101000000", **json.loads(given[-1])}


def rights(program, name):
    return {each["Sid"]: each for each in json.loads(program.inputs[name]["policy"])["Statement"]}


def test_it_has_a_model_and_no_endpoint(batch):
    program = batch()
    made = {each.split(":")[2].split()[0] for each in program.names if each.startswith("aws:sagemaker/")}
    assert made == {"Model"}
    assert not {"fraud-logs", "fraud-capacity", "fraud-scaling"} & program.inputs.keys()


def test_its_model_is_one_archive_in_isolation(batch):
    model = batch().inputs["fraud-model-blue"]
    assert model["primaryContainer"]["modelDataUrl"].endswith("/model.tar.gz")
    assert model["enableNetworkIsolation"] is True
    assert model["vpcConfig"]["subnets"] == ["@{fraud-subnet-1.id}", "@{fraud-subnet-2.id}"]


def test_a_job_goes_over_all_requests(batch):
    asked = job(batch())
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{BUCKET}/requests/"}}
    assert asked["ModelName"] == "@{fraud-model-blue.name}"
    assert asked["TransformInput"] == {"DataSource": source, "ContentType": "application/json"}
    assert asked["TransformOutput"]["S3OutputPath"] == f"{BUCKET}/answers/"
    assert asked["TransformOutput"]["KmsKeyId"] == "@{fraud-key.arn}"


def test_a_job_has_the_machines_and_limits_of_the_service(batch):
    asked = job(batch(scaling=Scaling(max=7), request=Request(timeout="10m", payload=Memory.parse("3Mi"))))
    resources = {"InstanceType": "ml.c6i.large", "InstanceCount": 7, "VolumeKmsKeyId": "@{fraud-key.arn}"}
    assert asked["TransformResources"] == resources
    assert asked["ModelClientConfig"] == {"InvocationsTimeoutInSeconds": 600}
    assert (asked["MaxPayloadInMB"], asked["MaxConcurrentTransforms"]) == (4, 16)


def test_a_job_is_paid_for_by_who_owns_the_service(batch):
    assert {"Key": "service", "Value": "fraud"} in job(batch())["Tags"]


def test_as_many_requests_at_once_as_a_job_takes(batch):
    asked = job(batch(request=Request(payload=Memory.parse("40Mi"))))
    assert (asked["MaxPayloadInMB"], asked["MaxConcurrentTransforms"]) == (42, 2)


def test_own_disks_of_instances_get_no_key(batch):
    gpu = Compute(cpu=4, memory=Memory.parse("8Gi"), accelerator=Accelerator(kind="nvidia-a10g"))
    assert "VolumeKmsKeyId" not in job(batch(compute=gpu))["TransformResources"]


@pytest.mark.parametrize("gpu", [None, Accelerator(kind="nvidia-l4")])
def test_a_job_is_one_that_aws_takes(batch, gpu):
    asked = job(batch(compute=Compute(accelerator=gpu)))
    assert judge([Asked("", "job", "sagemaker.CreateTransformJob", asked)]).problems == []


def test_its_command_names_another_job_each_time(batch):
    assert words(batch())[:5] == ["aws", "sagemaker", "create-transform-job", "--transform-job-name", NAME.split()[0]]
    assert f"--transform-job-name {NAME} --region {REGION} --cli-input-json " in batch().result["invoke"]


@mock_aws
def test_one_up_on_an_empty_account_makes_it_and_a_job_starts(batch):
    program, account = batch(), Account(REGION)
    account.apply(requests_of(program))
    account.ask("sagemaker.CreateTransformJob", account.known(job(program)))
    (started,) = boto3.client("sagemaker", REGION).list_transform_jobs()["TransformJobSummaries"]
    assert started["TransformJobName"].startswith("fraud-dev-")


def test_who_starts_jobs_may_start_those_of_this_model_alone(batch):
    start = rights(batch(), "fraud-invoker")["Start"]
    assert start["Resource"].endswith(":transform-job/fraud-dev-*")
    assert start["Condition"] == {"ArnEqualsIfExists": {"sagemaker:ModelArn": "@{fraud-model-blue.arn}"}}


def test_its_role_writes_what_jobs_say_into_the_accounts_log_group(batch):
    logs = rights(batch(), "fraud-role-policy")["Logs"]
    assert "logs:CreateLogGroup" in logs["Action"]
    assert logs["Resource"][0].endswith(":log-group:/aws/sagemaker/TransformJobs")


def test_its_outputs_say_where_it_is(batch):
    result = batch().result
    assert result["endpoint"]["url"] == f"https://api.sagemaker.{REGION}.amazonaws.com"
    assert result["endpoint"]["protocols"] == []
    assert "aws logs tail /aws/sagemaker/TransformJobs --log-stream-name-prefix fraud-dev- " in result["logs"]


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"request": Request(payload=Memory.parse("100Mi"))}, "takes at most 97656Ki in one request"),
        ({"request": Request(payload=Memory.parse("40Mi"), concurrency=3)}, "Write at most 2"),
        ({"scaling": Scaling(min=1)}, "Write scaling.max"),
        ({"scaling": Scaling(max=101)}, "Write at most 100."),
        ({"scaling": Scaling(target={"metric": "cpu", "value": 50})}, "Write scaling.max alone."),
        ({"scaling": Scaling(schedule=[{"cron": "0 8 * * *", "min": 1, "max": 4}])}, "Write scaling.max alone."),
        ({"slo": Slo(availability=99.9)}, "no endpoint whose answers"),
        ({"slo": Slo(latency={"p99": "200ms"})}, "no endpoint whose answers"),
        ({"monitoring": Monitoring(alerts={"enabled": True})}, "have an EventBridge rule"),
        ({"rollout": Rollout(steps=[10])}, "The next job has the new version"),
        ({"rollout": Rollout(bake="5m")}, "The next job has the new version"),
        ({"rollout": Rollout(rollback_on=["errors"])}, "The next job has the new version"),
        ({"startup_seconds": 60}, "how long the containers of a job may start"),
        ({"compute": Compute(machine="ml.r5.large")}, "it is not for mode: batch"),
    ],
)
def test_what_it_cannot_be_is_refused_with_what_can(refusal, sections, words):
    assert words in refusal(mode="batch", **sections)


def test_no_other_steps_are_advised_where_there_are_none(refusal):
    assert "Write [10]" not in refusal(mode="batch", rollout=Rollout(steps=[10, 50]))
