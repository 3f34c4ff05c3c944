"""Requests and answers that SageMaker keeps."""

import json

from support.aws.judge import judge
from support.aws.requests import requests_of

import modelport_policies
from modelport.spec import Monitoring

IMAGE = f"registry.example/server@sha256:{'a' * 64}"
KEPT = Monitoring(capture={"percent": 20, "retention": "30d"})


def captured(program):
    return program.inputs["fraud-configuration"].get("dataCaptureConfig")


def rights(program, resource):
    return {each["Sid"]: each for each in json.loads(program.inputs[resource]["policy"])["Statement"]}


def test_nothing_is_kept_unless_it_is_asked_for(sagemaker):
    program = sagemaker()
    assert captured(program) is None and program.result["capture_location"] is None
    assert "Captures" not in rights(program, "fraud-role-policy")
    assert "Write" not in rights(program, "fraud-private-s3")
    assert [each["id"] for each in program.inputs["fraud-bucket-lifecycle"]["rules"]] == ["old-versions"]


def test_a_share_of_requests_and_answers_is_kept_under_the_key(sagemaker):
    program = sagemaker(monitoring=KEPT)
    address = "s3://@{fraud-bucket.bucket}/captured"
    assert captured(program) == {
        "enableCapture": True,
        "initialSamplingPercentage": 20,
        "destinationS3Uri": address,
        "kmsKeyId": "@{fraud-key.arn}",
        "captureOptions": [{"captureMode": "Input"}, {"captureMode": "Output"}],
        "captureContentTypeHeader": {
            "jsonContentTypes": ["application/json", "application/jsonlines"],
            "csvContentTypes": ["text/csv"],
        },
    }
    assert program.result["capture_location"] == address
    assert judge(requests_of(program)).problems == []


def test_what_is_kept_goes_when_its_time_is_over(sagemaker):
    program = sagemaker(monitoring=KEPT)
    (rule,) = [each for each in program.inputs["fraud-bucket-lifecycle"]["rules"] if each["id"] == "captured"]
    assert rule["filter"] == {"prefix": "captured/"} and rule["status"] == "Enabled"
    assert rule["expiration"] == {"days": 30}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 1}


def test_a_part_of_a_day_is_kept_for_all_of_it(sagemaker):
    program = sagemaker(monitoring=Monitoring(capture={"percent": 20, "retention": "36h"}))
    (rule,) = [each for each in program.inputs["fraud-bucket-lifecycle"]["rules"] if each["id"] == "captured"]
    assert rule["expiration"] == {"days": 2}


def test_the_role_may_write_there_and_nowhere_else(sagemaker):
    program = sagemaker(monitoring=KEPT)
    right = rights(program, "fraud-role-policy")["Captures"]
    assert right["Action"] == "s3:PutObject"
    assert right["Resource"] == "arn:aws:s3:::@{fraud-bucket.bucket}/captured/*"
    assert rights(program, "fraud-private-s3")["Captures"]["Resource"] == right["Resource"]


def test_a_bucket_that_is_given_keeps_it_beside_the_models(sagemaker):
    program = sagemaker({"existing": {"bucket": "s3://of-all/team"}}, monitoring=Monitoring(capture={"percent": 20}))
    assert captured(program)["destinationS3Uri"] == "s3://of-all/team/fraud/captured"
    right = rights(program, "fraud-role-policy")["Captures"]
    assert right["Resource"] == "arn:aws:s3:::of-all/team/fraud/captured/*"


def test_how_long_a_bucket_that_is_given_keeps_it_is_its_owners_to_say(refusal):
    given = {"existing": {"bucket": "s3://of-all/team"}}
    assert "a rule for fraud/captured/ below its address" in refusal(given, monitoring=KEPT)


def test_nothing_can_be_left_out_of_what_is_kept(refusal):
    redacted = Monitoring(capture={"percent": 20, "redact": ("name",)})
    error = refusal(monitoring=redacted)
    assert "monitoring.capture.redact" in error and "monitoring.capture.percent: 0" in error


def test_the_pack_finds_nothing_wrong_with_what_is_kept(sagemaker):
    from support.aws.export import export

    report = modelport_policies.check(export(sagemaker(monitoring=KEPT)), "regulated")
    about = {"ENC-04", "GOV-09", "LOG-01", "COST-05"}
    assert not [each for each in report["violations"] if each["rule"] in about]
