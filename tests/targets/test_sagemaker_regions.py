"""A service in any region and partition, and in several regions of one stack."""

import json

import pulumi
import pulumi_aws
import pytest
from support.aws import program as aws_program
from support.aws.kinds import ACCOUNT
from support.aws.program import AwsProgram

from modelport import SageMakerService
from modelport.spec import Money

IMAGE = f"registry.example/server@sha256:{'a' * 64}"
ONE_IN_AN_ACCOUNT = {"aws:budgets/budget:Budget", "aws:cloudwatch/dashboard:Dashboard"}
"""Types whose names are the same for all regions of an account."""


def region_of(name):
    """That of a resource's logical name, `fraud-REGION-ROLE`."""
    return "-".join(name.split("-")[1:4])


@pytest.fixture
def partition(monkeypatch):
    def partition(name, suffix, region):
        told = {"partition": name, "dnsSuffix": suffix}
        monkeypatch.setitem(aws_program.READ, "aws:index/getPartition:getPartition", told)
        monkeypatch.setitem(aws_program.READ, "aws:index/getRegion:getRegion", {"region": region})

    return partition


@pytest.fixture
def china(partition):
    partition("aws-cn", "amazonaws.com.cn", "cn-north-1")


@pytest.mark.parametrize("mode", ["realtime", "async", "batch"])
def test_in_another_partition_nothing_is_of_the_usual_one(china, sagemaker, mode):
    program = sagemaker(mode=mode, budget=Money(amount=100))
    planned = json.dumps(program.inputs)
    assert "arn:aws-cn:" in planned
    assert "arn:aws:" not in planned


@pytest.mark.parametrize(
    ("name", "suffix", "region", "special"),
    [
        ("aws", "amazonaws.com", "eu-central-1", {}),
        ("aws-us-gov", "amazonaws.com", "us-gov-west-1", {}),
        (
            *("aws-cn", "amazonaws.com.cn", "cn-north-1"),
            dict.fromkeys(("sagemaker.runtime", "ecr.api", "ecr.dkr"), "cn.com.amazonaws"),
        ),
        ("aws-eusc", "amazonaws.eu", "eusc-de-east-1", dict.fromkeys(("ecr.api", "ecr.dkr"), "eu.amazonaws")),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_private_endpoints_have_the_names_of_the_partition(partition, sagemaker, name, suffix, region, special):
    partition(name, suffix, region)
    found = {each["serviceName"] for each in sagemaker().inputs.values() if "serviceName" in each}
    services = ("s3", "sagemaker.runtime", "ecr.api", "ecr.dkr", "kms", "logs")
    assert found == {f"{special.get(each, 'com.amazonaws')}.{region}.{each}" for each in services}


def test_its_address_is_the_partitions(china, sagemaker):
    url = sagemaker().result["endpoint"]["url"]
    assert url == "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn/endpoints/fraud-dev/invocations"


def test_a_stack_has_a_service_in_several_regions(args):
    given = args({"image": IMAGE}, budget=Money(amount=100))

    def run():
        for region in ("eu-central-1", "us-east-1"):
            provider = pulumi_aws.Provider(region, region=region, allowed_account_ids=[ACCOUNT])
            SageMakerService(f"fraud-{region}", given, pulumi.ResourceOptions(providers=[provider]))

    program = AwsProgram.run(run, {})
    children = [each for each in program.requests if each.type.startswith("aws:")]
    assert len(children) > 100
    for each in children:
        assert f"::{region_of(each.name)}::" in each.provider, each.name
    for region in ("eu-central-1", "us-east-1"):
        assert program.inputs[f"fraud-{region}-bundle-blue"]["region"] == region
    for token in ONE_IN_AN_ACCOUNT:
        inputs = [program.inputs[each.name] for each in children if each.type == token]
        names = [each.get("name") or each.get("dashboardName") for each in inputs]
        assert len(inputs) == 2 and (names == [None, None] or names[0] != names[1]), names
