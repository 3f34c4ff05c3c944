import json
import shutil
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.console import Console

ROOT = Path(__file__).parents[2]
OF_POLICIES = "modelport-policies:parameters"
PARAMETERS = {"SUP-02": {"registries": ["other.example.com"]}}
CLOUD = """
import pulumi
import pulumi_aws as aws


class Group(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Group", name, {})
        own = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key("key", enable_key_rotation=True, opts=own)
        for name, settings in {"good": {"kms_master_key_id": key.arn}, "bad": {}}.items():
            bucket = aws.s3.Bucket(name, tags={"who": "a"}, opts=own)
            applied = {"sse_algorithm": "aws:kms" if settings else "AES256", **settings}
            rule = {"apply_server_side_encryption_by_default": applied, "bucket_key_enabled": True}
            aws.s3.BucketServerSideEncryptionConfiguration(name, bucket=bucket.id, rules=[rule], opts=own)
        aws.ec2.SecurityGroup("later", vpc_id="vpc-1", ingress=[{
            "protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": [key.arn],
        }], opts=own)
        aws.s3.Bucket.get("given", "given", opts=own)


Group("group")
"""
CLUSTER = """
import pulumi
import pulumi_kubernetes as k8s

labels = {"app": "it"}
image = pulumi.Output.secret("registry.example.com/very-private:latest")
k8s.apps.v1.Deployment("open", spec={
    "selector": {"match_labels": labels},
    "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "it", "image": image}]}},
})
"""


class Judged(Console):
    def check(self, *words):
        answer = self.run("policies", "check", "--stack", self.stack, "--json", *words)
        assert answer.code in (0, 3), answer.err
        return answer

    def previewed(self):
        """What the policies say in a preview: rule, URN and level, or that it is undecided."""
        answer = self.run("preview", "--offline", "-s", self.stack, "--json")
        found = [event["policyEvent"] for event in answer.events if "policyEvent" in event]
        assert any("summaryEvent" in event for event in answer.events), answer.err
        return {
            (
                each["policyName"],
                each["resourceUrn"],
                "undecided" if each.get("undecided") else each["enforcementLevel"],
            )
            for each in found
        }

    stack = "dev"


def found(answer):
    """What a check says, as `Judged.previewed` does."""
    violated = {(each["rule"], each["urn"], each["level"]) for each in answer.json["violations"]}
    return violated | {(each["rule"], each["urn"], "undecided") for each in answer.json["undecided"]}


def without_places(findings):
    """What is found; where that is undecided, without the resource: a preview may say the stack instead."""
    return {(rule, "" if level == "undecided" else urn, level) for rule, urn, level in findings}


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    with Judged(tmp_path_factory.mktemp("judged") / "project") as console:
        console.write("__main__.py", CLOUD + CLUSTER)
        config = {"modelport-policies:profile": "regulated", OF_POLICIES: PARAMETERS}
        console.write("Pulumi.dev.yaml", json.dumps({"config": config}))
        console.env.pop("PULUMI_CONFIG_PASSPHRASE")
        yield console


@pytest.fixture(scope="module")
def answer(console):
    return console.check()


def test_a_stack_is_judged_as_its_preview_is(console, answer):
    assert found(answer) == console.previewed()
    named = {(rule, urn.rpartition("::")[2], level) for rule, urn, level in found(answer)}
    assert {("ENC-02", "bad", "mandatory"), ("SUP-02", "open", "mandatory"), ("NET-10", "later", "undecided")} <= named
    assert ("ENC-02", "good", "mandatory") not in named
    assert not [rule for rule, name, _level in named if name == "given" and rule == "COST-04"]


def test_a_secret_is_judged_and_not_said(answer):
    [violation] = [each for each in answer.json["violations"] if each["rule"] == "SUP-01"]
    assert "[secret]" in violation["message"]
    assert "very-private" not in answer.out + answer.err


def test_the_options_go_over_the_config_of_the_stack(console, answer):
    console.write("__main__.py", CLUSTER)
    console.write("parameters.json", json.dumps({"SUP-02": {"registries": ["registry.example.com"]}}))
    other = console.check("--profile", "standard", "--parameters", "parameters.json")
    assert (answer.json["profile"], other.json["profile"]) == ("regulated", "standard")
    assert {rule for rule, *_ in found(answer) - found(other)} >= {"SUP-02"}


@pytest.mark.parametrize(("stack", "rules"), [("local", set()), ("onprem", {"SUP-02"}), ("aws", set()), ("gcp", set())])
def test_the_repository_s_stacks_are_judged_as_their_previews_are(tmp_path, stack, rules):
    with Judged(tmp_path / "project") as console:
        shutil.copytree(ROOT / "stacks", console.folder / "stacks")
        console.write("Pulumi.yaml", (ROOT / "Pulumi.yaml").read_text().replace(": .venv", f": {sys.prefix}"))
        (console.folder / "components").symlink_to(ROOT / "components")
        console.stack, file = stack, console.folder / "stacks" / "environments" / f"Pulumi.{stack}.yaml"
        config = YAML(typ="safe").load(file)["config"]
        config[OF_POLICIES] = {**config.get(OF_POLICIES, {}), **PARAMETERS}
        YAML().dump({"config": config}, file)
        answer = console.check()
        assert {rule for rule, _urn, level in found(answer) if level == "mandatory"} == rules
        assert without_places(found(answer)) == without_places(console.previewed())
