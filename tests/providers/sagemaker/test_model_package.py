"""Versions of a model in SageMaker's registry."""

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from modelport.errors import ModelportError
from modelport.providers.crud import UNKNOWN
from modelport.providers.sagemaker import SageMakerModelPackage
from modelport.providers.sagemaker.registry import Group
from modelport.targets.kept import Kept
from modelport.targets.sagemaker.kept import delete_package

RESOURCE = SageMakerModelPackage()
REGION = "eu-central-1"
IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/server@sha256:{'a' * 64}"
GIVEN = {
    "region": REGION,
    "group": "fraud-dev",
    "digest": f"sha256:{'1' * 64}",
    "image": IMAGE,
    "model": "s3://models/fraud/1111",
    "approval": "Approved",
    "description": "fraud 1",
    "realtime": ["ml.m5.large"],
    "metadata": {"owner": "risk"},
    "tags": {"owner": "risk"},
}


@pytest.fixture
def sagemaker():
    with mock_aws():
        yield boto3.client("sagemaker", region_name=REGION)


def stubbed(monkeypatch):
    """A client that answers as a `Stubber` tells it to."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    client = boto3.client("sagemaker", region_name=REGION)
    monkeypatch.setattr(boto3, "client", lambda *_, **__: client)
    return client


def made(**changes):
    checked, failures = RESOURCE.check({**GIVEN, **changes})
    assert failures == []
    return RESOURCE.create(checked, print)


def inputs_of(outputs):
    return {name: outputs[name] for name in RESOURCE.inputs if name in outputs}


def versions(sagemaker):
    return [
        each["ModelPackageArn"]
        for each in sagemaker.list_model_packages(ModelPackageGroupName="fraud-dev")["ModelPackageSummaryList"]
    ]


def test_a_version_says_what_it_runs_and_who_may_use_it(sagemaker):
    arn, outputs = made()
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    assert outputs["arn"] == arn and versions(sagemaker) == [arn]
    assert found["ModelApprovalStatus"] == "Approved"
    assert found["CustomerMetadataProperties"] == {"owner": "risk", "digest": GIVEN["digest"]}
    (container,) = found["InferenceSpecification"]["Containers"]
    source = {"S3Uri": "s3://models/fraud/1111/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    assert (container["Image"], container["ModelDataSource"]) == (IMAGE, {"S3DataSource": source})
    assert found["InferenceSpecification"]["SupportedRealtimeInferenceInstanceTypes"] == ["ml.m5.large"]
    group = sagemaker.describe_model_package_group(ModelPackageGroupName="fraud-dev")
    assert sagemaker.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"] == [{"Key": "owner", "Value": "risk"}]
    assert RESOURCE.read(arn, outputs) == outputs


def test_an_archive_is_named_as_one(sagemaker):
    arn, _ = made(packed=True, model="s3://models/fraud/model.tar.gz", realtime=[], transform=["ml.m5.large"])
    specified = sagemaker.describe_model_package(ModelPackageName=arn)["InferenceSpecification"]
    assert specified["Containers"][0]["ModelDataUrl"] == "s3://models/fraud/model.tar.gz"
    assert specified["SupportedTransformInstanceTypes"] == ["ml.m5.large"]


def test_the_same_version_is_registered_once(sagemaker):
    first, _ = made()
    again, outputs = made(approval="PendingManualApproval", metadata={"owner": "fraud"})
    assert again == first and versions(sagemaker) == [first]
    found = sagemaker.describe_model_package(ModelPackageName=first)
    assert found["ModelApprovalStatus"] == "PendingManualApproval"
    assert outputs["metadata"] == {"owner": "fraud"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("digest", f"sha256:{'2' * 64}"),
        ("image", IMAGE.replace("a" * 64, "b" * 64)),
        ("model", "s3://given/fraud/1111"),
        ("realtime", ["ml.m5.xlarge"]),
    ],
)
def test_another_model_image_place_or_machine_is_another_version_beside_it(sagemaker, name, value):
    first, old = made()
    second, _ = made(**{name: value})
    assert first != second
    assert set(versions(sagemaker)) == {first, second}
    assert RESOURCE.diff(old, inputs_of({**old, name: value})).replaces == (name,)


def test_approval_and_metadata_change_in_place(sagemaker):
    arn, old = made(approval="PendingManualApproval")
    new = {**old, "approval": "Approved", "metadata": {"owner": "fraud"}}
    changes = RESOURCE.diff(old, new)
    assert (changes.properties, changes.replaces) == (("approval", "metadata"), ())
    assert (
        RESOURCE.update(arn, {key: new[key] for key in RESOURCE.inputs if key in new}, print)["approval"] == "Approved"
    )
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "Approved"


def test_what_is_not_said_any_more_is_removed(monkeypatch):
    client = stubbed(monkeypatch)
    arn = f"arn:aws:sagemaker:{REGION}:123456789012:model-package/fraud-dev/1"
    known = {"owner": "risk", "costCenter": "7", "digest": GIVEN["digest"]}
    found = {
        "ModelPackageName": "fraud-dev",
        "ModelPackageArn": arn,
        "CreationTime": "2026-01-01T00:00:00Z",
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "CustomerMetadataProperties": known,
    }
    asked = {
        "ModelPackageArn": arn,
        "ModelApprovalStatus": "Approved",
        "CustomerMetadataPropertiesToRemove": ["costCenter"],
    }
    with Stubber(client) as stub:
        stub.add_response("describe_model_package", found, {"ModelPackageName": arn})
        said = {"owner": "risk", "digest": GIVEN["digest"]}
        stub.add_response(
            "update_model_package", {"ModelPackageArn": arn}, {**asked, "CustomerMetadataProperties": said}
        )
        RESOURCE.update(arn, GIVEN, print)
        stub.assert_no_pending_responses()


def test_a_group_that_another_version_makes_meanwhile_is_gone_on_with(monkeypatch):
    client = stubbed(monkeypatch)
    arn = f"arn:aws:sagemaker:{REGION}:123456789012:model-package-group/fraud-dev"
    made = {
        "ModelPackageGroupName": "fraud-dev",
        "ModelPackageGroupArn": arn,
        "CreationTime": "2026-01-01T00:00:00Z",
        "CreatedBy": {},
        "ModelPackageGroupStatus": "Completed",
    }
    with Stubber(client) as stub:
        stub.add_client_error("describe_model_package_group", "ValidationException", "does not exist")
        stub.add_client_error("create_model_package_group", "ValidationException", "already exists")
        stub.add_response("describe_model_package_group", made)
        Group(REGION, "fraud-dev").ensure({})
        stub.add_client_error("describe_model_package_group", "ValidationException", "does not exist")
        stub.add_client_error("create_model_package_group", "ValidationException", "too many tags")
        stub.add_client_error("describe_model_package_group", "ValidationException", "does not exist")
        with pytest.raises(ModelportError, match="too many tags"):
            Group(REGION, "fraud-dev").ensure({})


def test_what_somebody_else_has_decided_is_found(sagemaker):
    arn, outputs = made()
    known = sagemaker.describe_model_package(ModelPackageName=arn)["CustomerMetadataProperties"]
    told = {"ModelApprovalStatus": "Rejected", "CustomerMetadataProperties": known}  # which moto forgets otherwise
    sagemaker.update_model_package(ModelPackageArn=arn, **told)
    found = RESOURCE.read(arn, outputs)
    assert found["approval"] == "Rejected"
    assert RESOURCE.diff(found, outputs).properties == ("approval",)


def test_a_description_is_no_change():
    assert RESOURCE.diff(GIVEN, {**GIVEN, "description": "other", "tags": {}}).properties == ()


def test_a_preview_asks_nobody():
    assert RESOURCE.plan({}, GIVEN)["arn"] == UNKNOWN


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("approval", "Maybe"),
        ("group", "no name"),
        ("digest", "1"),
        ("metadata", {"note": "a, b"}),
        ("metadata", {"note": ""}),
        ("metadata", {"note": "x" * 257}),
    ],
)
def test_what_the_registry_does_not_take_is_named(name, value):
    _, failures = RESOURCE.check({**GIVEN, name: value})
    assert [failure.property.partition(".")[0] for failure in failures] == [name]


def test_the_group_goes_with_its_last_version(monkeypatch):
    client = stubbed(monkeypatch)
    arns = [f"arn:aws:sagemaker:{REGION}:123456789012:model-package/fraud-dev/{number}" for number in (1, 2)]
    times = {"CreationTime": "2026-01-01T00:00:00Z", "ModelPackageStatus": "Completed"}
    left = [{"ModelPackageArn": arns[1], **times}]
    listed = {"ModelPackageGroupName": "fraud-dev", "SortBy": "CreationTime", "SortOrder": "Descending"}
    with Stubber(client) as stub:
        stub.add_response("delete_model_package", {}, {"ModelPackageName": arns[0]})
        stub.add_response("list_model_packages", {"ModelPackageSummaryList": left}, listed)
        RESOURCE.delete(arns[0], {**GIVEN, "arn": arns[0]}, print)
        stub.add_client_error("delete_model_package", "ValidationException", "does not exist")
        stub.add_response("list_model_packages", {"ModelPackageSummaryList": []}, listed)
        stub.add_response("delete_model_package_group", {}, {"ModelPackageGroupName": "fraud-dev"})
        delete_package(Kept(RESOURCE.kind, "fraud-package-blue", arns[1], REGION))
        stub.assert_no_pending_responses()
