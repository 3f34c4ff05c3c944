"""What of a service on SageMaker holds data: it is left behind, and can be purged."""

import boto3
import pytest
from moto import mock_aws
from support.aws.kinds import REGION

from modelport.errors import ModelportError
from modelport.spec import Scaling
from modelport.targets.idle import idle_costs
from modelport.targets.kept import Kept, holders
from modelport.targets.sagemaker.kept import delete_bucket, delete_key

GUARDED = ("bucket", "accesslogs", "key")


@pytest.fixture
def s3():
    with mock_aws():
        yield boto3.client("s3", region_name=REGION)


@pytest.fixture
def kms(s3):
    return boto3.client("kms", region_name=REGION)


@pytest.fixture
def bucket(s3):
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
    return Kept("aws:s3/bucket:Bucket", "fraud-bucket", "models", REGION)


def test_what_holds_data_and_what_guards_it_stays_when_the_stack_goes(sagemaker):
    kept = {each.name.removeprefix("fraud-") for each in sagemaker().requests if each.retainOnDelete}
    guards = {f"{bucket}-{part}" for bucket in GUARDED[:2] for part in ("policy", "encryption", "versioning")}
    assert {*GUARDED, *guards} <= kept
    assert {each for each in kept if not each.startswith(GUARDED)} == {"package-blue"}
    assert "key-alias" not in kept  # the next key shall have it


def test_a_bucket_goes_with_every_version_and_every_part_of_an_upload(s3, bucket):
    for number in range(3):
        s3.put_object(Bucket="models", Key="model.onnx", Body=bytes(number))
    s3.delete_object(Bucket="models", Key="model.onnx")
    s3.create_multipart_upload(Bucket="models", Key="large.onnx")
    delete_bucket(bucket)
    assert s3.list_buckets()["Buckets"] == []
    delete_bucket(bucket)


def test_what_is_locked_is_not_called_deleted(s3, bucket, monkeypatch):
    s3.put_object(Bucket="models", Key="model.onnx", Body=b"1")
    refused = {"Errors": [{"Key": "model.onnx", "Code": "AccessDenied", "Message": "locked"}]}
    real = boto3.client

    def client(*args, **options):
        made = real(*args, **options)
        made.delete_objects = lambda **_: refused
        return made

    monkeypatch.setattr(boto3, "client", client)
    with pytest.raises(ModelportError, match=r"model.onnx cannot be deleted: AccessDenied"):
        delete_bucket(bucket)
    assert s3.list_objects_v2(Bucket="models")["KeyCount"] == 1


def test_a_key_goes_once(kms):
    made = kms.create_key()["KeyMetadata"]["KeyId"]
    key = Kept("aws:kms/key:Key", "fraud-key", made, REGION)
    delete_key(key)
    delete_key(key)
    assert kms.describe_key(KeyId=made)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    delete_key(Kept(key.type, key.name, "00000000-0000-0000-0000-000000000000", REGION))


def test_who_may_not_is_told_what_it_lacks(s3, bucket, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(ModelportError, match="Unable to locate credentials"):
        delete_bucket(bucket)


def test_every_type_that_holds_data_is_one_that_is_kept(sagemaker):
    kept = {each.type for each in sagemaker({"environment": "prod"}).requests if each.retainOnDelete}
    assert holders().keys() <= kept


@pytest.mark.parametrize(("to_zero", "machines"), [(True, 0), (False, 2)])
def test_instances_that_go_when_nothing_waits_cost_nothing_idle(sagemaker, to_zero, machines):
    program = sagemaker(mode="async", scaling=Scaling(min=2, max=4, scale_to_zero=to_zero))
    planned = [(each.type, program.inputs[each.name]) for each in program.requests]
    other = {"productionVariants": [{"instanceType": "ml.g6.xlarge", "initialInstanceCount": 1}]}
    costs = idle_costs([*planned, ("aws:sagemaker/endpointConfiguration:EndpointConfiguration", other)])
    assert (costs["ml.c5.large"], costs["ml.g6.xlarge"], costs["key"]) == (machines, 1, 1)


def test_what_costs_while_nobody_asks_is_counted(sagemaker):
    program = sagemaker()
    costs = idle_costs((each.type, program.inputs[each.name]) for each in program.requests)
    assert costs == {
        "key": 1,
        "network interface of private endpoints": 10,
        "ml.c5.large": 2,
        "alarm": len([each for each in program.requests if "alarm" in each.type.lower()]),
        "dashboard": 1,
    }


@pytest.mark.parametrize(("night", "instances"), [(0, 3), (2, 3)])
def test_what_a_window_keeps_costs(sagemaker, night, instances):
    windows = [{"cron": "0 8 * * *", "min": 3, "max": 4}, {"cron": "0 20 * * *", "min": night, "max": 4}]
    program = sagemaker(mode="async", scaling=Scaling(schedule=windows))
    costs = idle_costs((each.type, program.inputs[each.name]) for each in program.requests)
    assert costs["ml.c5.large"] == instances
