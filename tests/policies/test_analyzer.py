import json
import re
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
from google.protobuf import json_format
from pulumi.runtime.proto.analyzer_pb2 import (
    ADVISORY,
    DISABLED,
    MANDATORY,
    POLICY_SEVERITY_CRITICAL,
    POLICY_TYPE_STACK,
)
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE
from ruamel.yaml import YAML
from support.policy_cases import controls

import modelport_policies
from modelport_engine.update import policy_config
from modelport_policies.control import PROFILES
from modelport_policies.profiles import levels as levels_of

ROOT = Path(__file__).parent.parent.parent
SERVER = "modelport:local:Server"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
BUCKET = "aws:s3/bucket:Bucket"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
STACK = "pulumi:pulumi:Stack"
POD = {"spec": {"template": {"metadata": {"labels": {"app": "digits"}}}}}
SERVED = {
    "metadata": {"namespace": "digits"},
    "spec": {
        "template": {"spec": {"containers": [{"name": "server", "image": "registry.example.com/a@sha256:" + "a" * 64}]}}
    },
}
IN_ORDER = {"host": "127.0.0.1", "digest": "sha256:" + "a" * 64, "tags": {}}


def found(answer, name):
    return [each for each in answer.diagnostics if each.policyName == name]


def not_applicable(answer):
    return {each.policy_name: each.reason for each in answer.not_applicable}


def exemptions(tmp_path, control, expires):
    file = tmp_path / "accepted.yaml"
    file.write_text(
        f"- {{rules: [{control}], match: {{name: digits}}, owner: vision, reason: the phones reach it, ticket: OPS-1,"
        f" created: {expires - timedelta(days=90)}, expires: {expires}}}\n"
    )
    return str(file)


def test_the_pack_presents_every_control_with_its_level_and_severity(pack):
    policies = pack.policies()
    notice = policies.pop("GOV-12-notice")
    assert (notice.enforcementLevel, notice.policy_type) == (ADVISORY, POLICY_TYPE_STACK)
    assert set(policies) == {name for control in controls() for name in control.policies}
    assert policies["NET-01"].enforcementLevel == MANDATORY
    assert policies["NET-01"].severity == POLICY_SEVERITY_CRITICAL
    assert policies["COST-04"].enforcementLevel == ADVISORY
    assert all(policy.remediation_steps and policy.tags for policy in policies.values())


@pytest.mark.parametrize(
    ("config", "environment", "level"),
    [
        ({}, {}, ADVISORY),
        ({"modelport-policies:profile": "regulated"}, {}, MANDATORY),
        ({}, {"MODELPORT_POLICY_PROFILE": "baseline"}, DISABLED),
        ({"modelport-policies:profile": "regulated"}, {"MODELPORT_POLICY_PROFILE": "baseline"}, DISABLED),
    ],
)
def test_the_profile_is_standard_or_the_stack_s_or_the_environment_s(analyzer, config, environment, level):
    with analyzer(config=config, **environment) as pack:
        assert pack.policies()["COST-04"].enforcementLevel == level


@pytest.mark.parametrize("profile", PROFILES)
def test_the_file_of_a_profile_gives_every_policy_the_level_of_the_profile(analyzer, pack, profile):
    given = policy_config.read(modelport_policies.path() / "profiles" / f"{profile}.json")
    configured = policy_config.configured(pack.info(), given)
    with analyzer(MODELPORT_POLICY_PROFILE=profile) as started:
        levels = {name: policy_config.LEVELS[each.enforcementLevel] for name, each in started.policies().items()}
    assert {name: each.level for name, each in configured.items()} == levels == levels_of(profile)
    assert {name: each.level for name, each in given.items()} == levels


def test_the_files_of_the_profiles_are_beside_the_repository_s_pack():
    own, installed = ROOT / "policies/profiles", modelport_policies.path() / "profiles"
    assert {each.name: each.read_text() for each in own.iterdir()} == {
        each.name: each.read_text() for each in installed.iterdir()
    }


def test_an_unknown_profile_stops_the_pack_with_the_names(failed_start):
    assert "use one of baseline, standard, regulated" in failed_start(MODELPORT_POLICY_PROFILE="strict")


def test_a_violation_says_what_is_wrong_and_what_to_do(pack):
    [violation] = found(pack.analyze(SERVER, {**IN_ORDER, "host": "0.0.0.0"}), "NET-01")
    assert "the server listens on 0.0.0.0" in violation.message
    assert "Keep it on loopback" in violation.message
    assert violation.enforcementLevel == MANDATORY


def test_a_violation_says_what_to_do_on_its_own_target_alone(pack):
    words = next(each for each in controls() if each.id == "NET-07").remediation
    [violation] = found(pack.analyze_stack(("gcp:storage/bucket:Bucket", {"location": "EU"})), "NET-07")
    assert words["vertex"] in violation.message
    assert not [each for target, each in words.items() if target != "vertex" and each in violation.message]


def test_a_resource_in_order_violates_nothing_mandatory(pack):
    answer = pack.analyze(SERVER, IN_ORDER)
    assert [each.policyName for each in answer.diagnostics if each.enforcementLevel == MANDATORY] == []


def test_a_type_that_a_control_does_not_judge_is_not_applicable(pack):
    answer = pack.analyze("random:index:RandomPet", {"length": 2})
    assert list(answer.diagnostics) == []
    assert not_applicable(answer)["NET-01"] == "says nothing about random:index:RandomPet"


def test_the_pack_config_overrules_the_profile(pack):
    pack.configure(**{"NET-01": DISABLED, "COST-04": MANDATORY})
    answer = pack.analyze(SERVER, {**IN_ORDER, "host": "0.0.0.0"})
    assert found(answer, "NET-01") == []
    assert [each.enforcementLevel for each in found(answer, "COST-04")] == [MANDATORY]


@pytest.mark.parametrize(("registries", "count"), [([], 0), (["registry.example.com"], 0), (["other.example.com"], 1)])
def test_parameters_come_from_the_stack_s_config(analyzer, registries, count):
    config = {"modelport-policies:parameters": json.dumps({"SUP-02": {"registries": registries}})}
    with analyzer(config=config) as pack:
        assert len(found(pack.analyze(DEPLOYMENT, SERVED), "SUP-02")) == count


def test_the_pack_config_overrules_parameters_of_the_stack_s_config(analyzer):
    config = {"modelport-policies:parameters": json.dumps({"SUP-02": {"registries": ["other.example.com"]}})}
    with analyzer(config=config) as pack:
        schema = json_format.MessageToDict(pack.policies()["SUP-02"].configSchema)["properties"]["registries"]
        pack.configure(parameters={"SUP-02": {"registries": ["registry.example.com"]}})
        assert found(pack.analyze(DEPLOYMENT, SERVED), "SUP-02") == []
    assert (schema["type"], schema["default"]) == ("array", ["other.example.com"])


def test_a_parameter_that_no_control_has_stops_the_pack(failed_start):
    config = {"modelport-policies:parameters": json.dumps({"SUP-02": {"registry": []}})}
    assert "SUP-02 has no parameter 'registry'" in failed_start(config)


def test_an_unknown_value_is_an_advisory_that_the_control_could_not_decide(pack):
    [undecided] = found(pack.analyze(SERVER, {**IN_ORDER, "host": UNKNOWN_STRING_VALUE}), "NET-01")
    assert undecided.message.startswith("can't run policy 'NET-01'")
    assert undecided.enforcementLevel == ADVISORY


def test_a_secret_is_judged_like_any_other_value(pack):
    secret = {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": "0.0.0.0"}
    assert found(pack.analyze(SERVER, {**IN_ORDER, "host": secret}), "NET-01")


def test_the_stack_as_a_whole_is_judged_at_the_end(pack):
    isolating = {"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}
    alone = found(pack.analyze_stack((DEPLOYMENT, POD)), "NET-14")
    isolated = found(pack.analyze_stack((DEPLOYMENT, POD), (NETWORK_POLICY, isolating)), "NET-14")
    without_pods = pack.analyze_stack((SERVER, IN_ORDER))
    assert {each.urn for each in alone} == {f"urn:pulumi:dev::shop::{DEPLOYMENT}::r0"}
    assert len(alone) == 2
    assert isolated == []
    assert "NET-14" in not_applicable(without_pods)
    assert not_applicable(without_pods)["GOV-12-notice"] == "nothing is exempted"


def test_what_belongs_to_a_bucket_is_found_by_the_reference(pack):
    encrypted = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "digits"}}
    inputs = {"bucket": UNKNOWN_STRING_VALUE, "rules": [{**encrypted, "bucketKeyEnabled": True}]}
    stack = ((BUCKET, {}), (ENCRYPTION, inputs))
    assert found(pack.analyze_stack(*stack, depends={"r1": {"bucket": ["r0"]}}), "ENC-02") == []
    assert "can't run policy" in found(pack.analyze_stack(*stack), "ENC-02")[0].message


def test_what_a_component_was_given_is_judged_with_the_stack_though_the_stack_does_not_say_it(pack):
    component = "modelport:kubernetes:Service"
    pack.analyze(component, {"service": "digits", "scaling": {"min": 2, "max": 4}})
    server = (DEPLOYMENT, {"metadata": {"labels": {"service": "digits"}}, "spec": {"replicas": 2}})
    [violation] = found(pack.analyze_stack((component, {}), server, names=["digits", "server"]), "GOV-13")
    assert "scaling.max is 4, and there may be 2 instances" in violation.message
    assert found(pack.analyze_stack((component, {}), server, names=["faces", "server"]), "GOV-13") == []


def test_one_resource_with_an_unknown_value_does_not_hide_another_s_violation(pack):
    unknown = {"spec": {"template": {"metadata": {"labels": UNKNOWN_STRING_VALUE}}}}
    messages = [each.message for each in found(pack.analyze_stack((DEPLOYMENT, unknown), (DEPLOYMENT, POD)), "NET-14")]
    assert sum("no NetworkPolicy" in message for message in messages) == 2
    assert sum(message.startswith("can't run policy") for message in messages) == 1


def test_a_high_risk_makes_findings_mandatory_on_the_component_and_in_the_stack(pack):
    service = {"environment": "prod", "governance": {"riskClass": "high", "biasCheck": True}}
    configuration = ("aws:sagemaker/endpointConfiguration:EndpointConfiguration", {"tags": {"riskClass": "high"}})
    answer = pack.analyze("modelport:local:Service", service)
    [on_component] = found(answer, "GOV-05")
    [in_stack] = found(pack.analyze_stack(configuration, ("modelport:local:Service", {})), "GOV-05-stack")
    assert "GOV-07, mandatory as the risk is high" in on_component.message
    assert "LOG-01, mandatory as the risk is high" in in_stack.message
    assert {on_component.enforcementLevel, in_stack.enforcementLevel} == {MANDATORY}
    assert [each.enforcementLevel for each in found(answer, "GOV-07")] == [ADVISORY]
    assert found(pack.analyze(*configuration), "GOV-05") == []


def test_an_exemption_makes_the_control_not_applicable_with_its_reason(analyzer, tmp_path):
    file = exemptions(tmp_path, "NET-01", date.today() + timedelta(days=30))
    with analyzer(MODELPORT_POLICY_EXEMPTIONS=file) as pack:
        accepted = pack.analyze(SERVER, {**IN_ORDER, "host": "0.0.0.0"})
        other = pack.analyze(SERVER, {**IN_ORDER, "host": "0.0.0.0"}, name="vision")
        stack = pack.analyze(STACK, {})
    assert found(accepted, "NET-01") == []
    assert "by vision (OPS-1): the phones reach it" in not_applicable(accepted)["NET-01"]
    assert found(other, "NET-01")
    assert found(stack, "GOV-12") == []


@pytest.mark.parametrize(("control", "days", "text"), [("NET-01", -1, "has passed"), ("NET-99", 30, "is no control")])
def test_a_wrong_exemption_is_a_violation_of_the_stack_and_exempts_nothing(analyzer, tmp_path, control, days, text):
    file = exemptions(tmp_path, control, date.today() + timedelta(days=days))
    with analyzer(MODELPORT_POLICY_EXEMPTIONS=file) as pack:
        finding = found(pack.analyze(SERVER, {**IN_ORDER, "host": "0.0.0.0"}), "NET-01")
        violations = found(pack.analyze(STACK, {}), "GOV-12")
    assert finding
    assert all(each.enforcementLevel == MANDATORY for each in violations)
    assert any(re.search(rf"accepted\.yaml:1  [\w.]+: .*{text}", each.message) for each in violations)


@pytest.mark.parametrize(
    ("host", "days", "text"),
    [
        ("0.0.0.0", 30, None),
        (UNKNOWN_STRING_VALUE, 30, None),
        ("0.0.0.0", 14, "ends after"),
        ("127.0.0.1", 30, "nothing is found that it accepts of NET-01"),
    ],
)
def test_an_exemption_that_ends_soon_or_that_nothing_needs_is_advice_at_the_end(analyzer, tmp_path, host, days, text):
    file = exemptions(tmp_path, "NET-01", date.today() + timedelta(days=days))
    with analyzer(MODELPORT_POLICY_EXEMPTIONS=file) as pack:
        pack.analyze(SERVER, {**IN_ORDER, "host": host})
        notices = found(pack.analyze_stack((SERVER, IN_ORDER), names=["digits"]), "GOV-12-notice")
    assert [each.enforcementLevel for each in notices] == ([ADVISORY] if text else [])
    assert all(f"accepted.yaml:1  {text}" in each.message for each in notices)


def test_the_repository_s_pack_is_the_installed_one_with_this_environment():
    manifests = [
        YAML(typ="safe").load(folder / "PulumiPolicy.yaml") for folder in (ROOT / "policies", modelport_policies.path())
    ]
    mains = [(folder / "__main__.py").read_text() for folder in (ROOT / "policies", modelport_policies.path())]
    assert manifests[0]["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": "../.venv"}}
    assert manifests[1]["runtime"] == "python"
    assert manifests[0]["version"] == manifests[1]["version"] == version("modelport")
    assert mains[0] == mains[1]


def test_the_repository_s_pack_reads_the_exemptions_beside_it(analyzer, tmp_path):
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "__main__.py").write_text((ROOT / "policies" / "__main__.py").read_text())
    (folder / "exemptions.yaml").write_text("- {}\n")
    with analyzer(pack=folder) as pack:
        assert found(pack.analyze(STACK, {}), "GOV-12")
