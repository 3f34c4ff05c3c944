"""What a deployer has to be allowed is what is planned, no less and no more."""

import json
from itertools import chain

import botocore.session
import pytest
from support.aws.given import GIVEN, GROUPS, TOPIC
from support.aws.kinds import REGION
from support.aws.program import AwsProgram
from support.aws.requests import requests_of

from modelport import SageMakerService
from modelport.spec import Metadata, Money, Monitoring, Scaling
from modelport.targets.kept import Kept
from modelport.targets.sagemaker.kept import HOLDERS
from modelport.targets.sagemaker.permissions import ALWAYS, RIGHTS, SPARED, policies, purge_policy
from modelport.targets.sagemaker.roles import ROLES

IMAGE = f"registry.example/server@sha256:{'a' * 64}"
EXISTING = {**GIVEN, **TOPIC}
MOST_CHARACTERS = 6144
"""Of a managed policy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
OTHERWISE = {
    "budgets.CreateBudget": "budgets:ModifyBudget",
    "budgets.DescribeBudget": "budgets:ViewBudget",
    "sagemaker-runtime.InvokeEndpoint": "sagemaker:InvokeEndpoint",
    "s3.GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "s3.GetBucketCors": "s3:GetBucketCORS",
    "s3.GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3.GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3.GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3.GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3.GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3.DeleteObjects": "s3:DeleteObject",
    "s3.ListObjectVersions": "s3:ListBucketVersions",
    "s3.ListObjectsV2": "s3:ListBucket",
    "s3.ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3.ListParts": "s3:ListMultipartUploadParts",
    "s3.PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3.PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3.PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
}
"""Operations that IAM has another name for."""
OF_NO_OPERATION = {"iam:PassRole"}
GRANTS = {"kms:CreateGrant": "SageMaker and ECR use the key for the service"}
"""Rights to make something for what is given, and why."""


ANSWERS = {
    "DescribeKey": {"KeyMetadata": {"KeyState": "Enabled"}},
    "ListMultipartUploads": {"Uploads": [{"Key": "model.onnx", "UploadId": "1"}]},
    "ListObjectVersions": {"Versions": [{"Key": "model.onnx", "VersionId": "1"}]},
    "ListModelPackages": {"ModelPackageSummaryList": []},
}
"""What AWS says while data is deleted."""
NAMED = ("name", "namePrefix", "bucketPrefix", "alarmName", "dashboardName")

WAYS = [
    {"budget": Money(amount=100)},
    {"mode": "async", "scaling": Scaling(scale_to_zero=True)},
    {"mode": "batch"},
    {
        "scaling": Scaling(
            schedule=[{"cron": "0 8 * * *", "min": 2, "max": 4}, {"cron": "0 20 * * *", "min": 1, "max": 2}]
        )
    },
]
"""Services that together have everything that a service may have."""


def allowed(field):
    return set(chain.from_iterable(each["Action"] for each in policies()[field]["Statement"]))


def planned(program):
    return {ROLES[name.removeprefix("fraud-")] for name in program.inputs if name != "fraud"}


def given(*, without):
    existing = {field: value for field, value in EXISTING.items() if field != without}
    return existing if without == "subnets" else {**existing, **GROUPS}


def test_every_kind_that_may_be_made_has_its_rights():
    assert set(ROLES.values()) == RIGHTS.keys()
    assert set(ALWAYS).union(*SPARED.values()) == RIGHTS.keys()


@pytest.mark.parametrize("field", SPARED)
def test_what_a_field_spares_is_what_is_made_without_it(sagemaker, field):
    heard = Monitoring(alerts={"notify": ["risk@example.com"] if field == "topic" else []})
    program = sagemaker({"existing": given(without=field)}, monitoring=heard)
    assert planned(program) | set(ALWAYS) == {*ALWAYS, *SPARED[field]}


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("field", ["", *SPARED])
def test_every_request_that_is_planned_is_allowed(sagemaker, field, way):
    asked = {each.operation for each in requests_of(sagemaker({"existing": given(without=field)}, **way))}
    actions = {OTHERWISE.get(each, each.replace(".", ":")) for each in asked}
    assert actions <= allowed("") | allowed(field)


def test_with_everything_given_nothing_is_made_but_what_serves(sagemaker, sagemaker_release):
    existing = {"existing": given(without="")}
    ways = (planned(sagemaker(existing, **way)) for way in WAYS)
    assert planned(sagemaker_release(environment=existing)).union(*ways) == set(ALWAYS)
    makes = {each for each in allowed("") if each.startswith(("iam:Create", "kms:Create", "ec2:", "s3:Create"))}
    assert makes == GRANTS.keys()


def test_every_action_is_an_operation():
    session, renamed = botocore.session.get_session(), {*OTHERWISE.values(), *OF_NO_OPERATION}
    for action in set().union(*map(allowed, policies())) - renamed:
        service, name = action.split(":")
        assert name in session.get_service_model(service).operation_names, action
    for operation in OTHERWISE:
        service, name = operation.split(".")
        assert name in session.get_service_model(service).operation_names, operation


def test_a_policy_can_be_attached():
    for policy in (*policies().values(), purge_policy()):
        assert len(json.dumps(policy, separators=(",", ":"))) <= MOST_CHARACTERS


def test_what_is_about_everything_has_no_names_of_ours():
    broad = {
        action.split(":")[0]
        for policy in policies().values()
        for each in policy["Statement"]
        if each["Resource"] == ["*"]
        for action in each["Action"]
    }
    assert broad == {"application-autoscaling", "cloudwatch", "ec2", "ecr", "kms", "logs", "route53", "sns"}


def test_what_deletes_data_is_allowed_by_a_policy_of_its_own(monkeypatch):
    asked, entries = set(), [Kept(token, "fraud", f"{number}/fraud", REGION) for number, token in enumerate(HOLDERS)]

    def ask(client, operation, parameters):
        service = client.meta.service_model.service_name
        asked.add(f"{service}.{operation}")
        return ANSWERS.get(operation, {})

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", ask)
    for each in entries:
        HOLDERS[each.type].delete(each)
    actions = {OTHERWISE.get(each, each.replace(".", ":")) for each in asked} | {"s3:DeleteObjectVersion"}
    granted = {action for each in purge_policy()["Statement"] for action in each["Action"]}
    assert actions == granted
    assert "s3:DeleteObjectVersion" not in set().union(*map(allowed, policies()))


@pytest.mark.parametrize("service", ["fraud", "fraud-detection-of-card-payments"])
def test_names_begin_as_the_policies_say(args, service):
    given = args({"image": IMAGE}, metadata=Metadata(name=service, owner="risk"), budget=Money(amount=100))
    program = AwsProgram.run(lambda: SageMakerService(service[:31], given).outputs, {"aws:region": REGION})
    begin = f"{service}-" if len(service) <= 16 else service[:16]
    named = {inputs[key] for inputs in program.inputs.values() for key in NAMED if key in inputs}
    free = {each for each in named if each.startswith(("alias/", "/", "AWSBudget"))}
    assert len(named - free) > 10
    assert not [each for each in named - free if not each.startswith(begin)]
