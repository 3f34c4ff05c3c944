import json
import re
import subprocess
import sys
from datetime import date

import pytest
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

import modelport_policies
from modelport_policies.errors import PolicyError
from modelport_policies.review import stack_of

TODAY = date(2026, 11, 21)
DIGEST = "sha256:" + "0123456789abcdef" * 4
TAGS = {
    "owner": "vision",
    "costCenter": "4711",
    "service": "digits",
    "environment": "prod",
    "dataClass": "public",
    "riskClass": "minimal",
}
SERVER = {"host": "127.0.0.1", "digest": DIGEST, "tags": TAGS}
STACK = "pulumi:pulumi:Stack"
URN = "urn:pulumi:dev::shop::modelport:local:Server::digits"


def export(**servers):
    rows = [{"type": STACK, "urn": f"urn:pulumi:dev::shop::{STACK}::shop-dev"}]
    for name, inputs in servers.items():
        type_ = "modelport:local:Server"
        rows.append({"type": type_, "urn": f"urn:pulumi:dev::shop::{type_}::{name}", "custom": True, "inputs": inputs})
    return {"version": 3, "deployment": {"resources": rows}}


def secret(**value):
    return {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, **value}


def check(state, profile=None, **options):
    return modelport_policies.check(state, profile, today=TODAY, **options)


def test_a_stack_in_order_has_no_violations():
    report = check(export(digits=SERVER))
    assert report["violations"] == report["undecided"] == []
    assert report["profile"] == "standard"
    assert report["evaluated"] == 4  # NET-01, SUP-07 and COST-04 on the server, GOV-12 on the stack


def test_a_violation_names_rule_resource_level_and_what_is_wrong():
    assert check(export(digits={**SERVER, "host": "0.0.0.0"}))["violations"] == [
        {
            "rule": "NET-01",
            "urn": URN,
            "level": "mandatory",
            "message": "the server listens on 0.0.0.0, which other machines reach",
            "exempted": False,
        }
    ]


def test_each_resource_is_judged():
    report = check(export(digits=SERVER, vision={**SERVER, "digest": "latest"}))
    assert [(each["rule"], each["urn"].rpartition("::")[2]) for each in report["violations"]] == [("SUP-07", "vision")]


def test_the_profile_sets_the_levels():
    untagged = export(digits={**SERVER, "tags": {}})
    levels = {profile: check(untagged, profile)["violations"] for profile in ("baseline", "standard", "regulated")}
    assert levels["baseline"] == []
    assert [each["level"] for each in levels["standard"]] == ["advisory"]
    assert [each["level"] for each in levels["regulated"]] == ["mandatory"]


def test_a_control_that_is_disabled_or_finds_no_resource_is_not_applicable_and_says_so():
    report = check(export(digits=SERVER), "baseline")
    reasons = {each["rule"]: each["reason"] for each in report["notApplicable"]}
    assert reasons["COST-04"] == "disabled in baseline"
    assert reasons["SUP-01"] == "the stack has no resource that it judges"


@pytest.mark.parametrize(
    ("name", "text"),
    [("standart", "Did you mean standard?"), ("xyz", "use one of baseline, standard, regulated.")],
)
def test_an_unknown_profile_is_refused_with_the_names(name, text):
    with pytest.raises(PolicyError, match=text.replace("?", r"\?")):
        check(export(), name)


@pytest.mark.parametrize("state", [{}, [], {"deployment": None}, {"version": 3, "resources": []}])
def test_what_is_no_deployment_export_is_refused(state):
    with pytest.raises(PolicyError, match="not a deployment export"):
        check(state)


def test_what_the_pack_would_rewrite_is_mandatory_in_a_state():
    type_, deployment = "kubernetes:apps/v1:Deployment", {"spec": {"template": {"spec": {"containers": [{}]}}}}
    state = export()
    urn = f"urn:pulumi:dev::shop::{type_}::a"
    state["deployment"]["resources"].append({"type": type_, "urn": urn, "inputs": deployment})
    report = check(state)
    assert {each["level"] for each in report["violations"] if each["rule"] == "POD-05"} == {"mandatory"}
    assert report["controls"]["POD-05"]["level"] == "mandatory"


def test_an_unknown_value_is_undecided_and_not_counted_as_evaluated():
    report = check(export(digits={**SERVER, "digest": UNKNOWN_STRING_VALUE}))
    assert report["violations"] == []
    assert [(each["rule"], each["urn"]) for each in report["undecided"]] == [("SUP-07", URN)]
    assert "digest" in report["undecided"][0]["message"]
    assert report["evaluated"] == 3


def test_a_secret_is_judged_by_its_plain_text():
    hidden = export(digits={**SERVER, "host": secret(plaintext=json.dumps("0.0.0.0"))})
    assert [each["rule"] for each in check(hidden)["violations"]] == ["NET-01"]


def test_an_encrypted_secret_is_undecided():
    report = check(export(digits={**SERVER, "tags": secret(ciphertext="v1:abc")}))
    assert {each["rule"] for each in report["undecided"]} == {"COST-04"}


def test_a_resource_that_waits_for_its_deletion_is_not_judged():
    state = export(digits={**SERVER, "host": "0.0.0.0"})
    state["deployment"]["resources"][1]["delete"] = True
    assert check(state)["violations"] == []


MANIFEST = {"time": "2026-11-21T00:00:00Z", "magic": "", "version": "v3.249.0"}
PROVIDER = {"urn": "urn:pulumi:dev::shop::pulumi:providers:random::default_4_16_0", "custom": True, "id": "1"}
PENDING = {"type": "creating", "resource": {"urn": URN, "custom": True, "type": "modelport:local:Server"}}


def exported(*rows, **more):
    """A deployment as Pulumi writes one."""
    secrets = {"type": "passphrase", "state": {"salt": "v1:abc"}}
    deployment = {"manifest": MANIFEST, "secrets_providers": secrets, "resources": list(rows), "metadata": {}, **more}
    return deployment if rows else {key: value for key, value in deployment.items() if key != "resources"}


@pytest.mark.parametrize(
    "around",
    [
        lambda deployment: {"version": 3, "deployment": deployment},
        lambda deployment: {"version": 4, "features": ["refreshBeforeUpdate"], "deployment": deployment},
        lambda deployment: {"version": 3, "checkpoint": {"stack": "organization/shop/dev", "latest": deployment}},
    ],
)
def test_exports_of_every_project_are_judged(around):
    odd = {"dependencies": None, "propertyDependencies": None, "parent": "", "provider": f"{PROVIDER['urn']}::1"}
    server = {**export(digits={**SERVER, "host": "0.0.0.0"})["deployment"]["resources"][1], **odd}
    component = {"urn": "urn:pulumi:dev::shop::my:index:Thing::a", "custom": False, "type": "my:index:Thing"}
    provider = {**PROVIDER, "type": "pulumi:providers:random", "inputs": None, "outputs": {"version": "4.16.0"}}
    report = check(around(exported(provider, component, server, pending_operations=[PENDING])))
    assert [(each["rule"], each["urn"]) for each in report["violations"]] == [("NET-01", URN)]


@pytest.mark.parametrize(
    "empty",
    [
        {"version": 3, "deployment": exported()},
        {"version": 3, "deployment": {"manifest": MANIFEST, "resources": None}},
        {"version": 3, "checkpoint": {"stack": "organization/shop/dev", "latest": None}},
    ],
)
def test_a_deployment_of_no_resources_has_nothing_to_judge(empty):
    report = check(empty)
    assert report["evaluated"] == 0
    assert report["violations"] == report["undecided"] == report["exemptions"] == []


def test_what_a_stack_only_reads_is_judged_as_it_is_and_only_with_the_stack():
    buckets = [{"type": BUCKET, "urn": f"urn:pulumi:dev::shop::{BUCKET}::{name}", "inputs": {}} for name in "ab"]
    buckets[1] |= {"external": True, "outputs": {"bucket": "b"}}
    state = {"deployment": {"resources": buckets}}
    counts = check(state)["controls"]
    assert (counts["COST-04"]["violated"], counts["NET-07"]["violated"]) == (1, 2)
    assert stack_of(state)[1].at("bucket") == "b"


def test_a_secret_is_in_no_message():
    host = "0.0.0.0"
    hidden = export(digits={**SERVER, "host": secret(plaintext=json.dumps(host))})
    [violation] = check(hidden)["violations"]
    assert violation["message"] == "the server listens on [secret], which other machines reach"


POD = {
    "metadata": {"namespace": "digits"},
    "spec": {"containers": [{"name": "server", "image": f"r.example.com/a@{DIGEST}"}]},
}


def with_pod():
    state, type_ = export(), "kubernetes:core/v1:Pod"
    state["deployment"]["resources"].append(
        {"type": type_, "urn": f"urn:pulumi:dev::shop::{type_}::server", "inputs": POD}
    )
    return state


@pytest.mark.parametrize(
    ("registries", "found"), [([], False), (["r.example.com"], False), (["other.example.com"], True)]
)
def test_a_control_judges_by_its_parameters(registries, found):
    report = check(with_pod(), parameters={"SUP-02": {"registries": registries}})
    assert ("SUP-02" in {each["rule"] for each in report["violations"]}) is found


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"SUP-99": {"registries": []}}, "SUP-99: no such control"),
        ({"SUP-02": {"registry": []}}, "SUP-02 has no parameter 'registry'; it has registries"),
        ({"SUP-01": {"registries": []}}, "SUP-01 has no parameter 'registries'; it has none"),
        ({"SUP-02": {"registries": "r.example.com"}}, "SUP-02, parameter registries: 'r.example.com' is no list"),
        ({"SUP-02": {"registries": [1]}}, "SUP-02, parameter registries: 1 is no text"),
        ({"COST-04": {"values": ["a"]}}, "COST-04, parameter values: ['a'] is no mapping"),
        ({"COST-04": {"values": {"owner": 1}}}, "COST-04, parameter values: 1 is no text"),
        ({"RES-04": {"most": "9"}}, "RES-04, parameter most: '9' is no whole number"),
        ({"RES-04": {"most": True}}, "RES-04, parameter most: True is no whole number"),
        ({"SUP-02": ["r.example.com"]}, "written as {CONTROL: {PARAMETER: VALUE}}"),
        (["SUP-02"], "written as {CONTROL: {PARAMETER: VALUE}}"),
    ],
)
def test_parameters_that_no_control_has_are_refused(parameters, text):
    with pytest.raises(PolicyError, match=re.escape(text)):
        check(export(), parameters=parameters)


@pytest.fixture
def exemptions(tmp_path):
    file = tmp_path / "exemptions.yaml"
    file.write_text(
        f'- {{rules: [NET-01], match: {{urn: "{URN}"}}, owner: vision, reason: the phones reach it,'
        " ticket: OPS-1, created: 2026-11-01, expires: 2026-12-31}\n"
    )
    return file


def test_an_exempt_finding_stays_in_the_report_with_owner_and_reason(exemptions):
    [violation] = check(export(digits={**SERVER, "host": "0.0.0.0"}), exemptions=exemptions)["violations"]
    assert violation["exempted"] is True
    assert violation["exemption"] == "exempt until 2026-12-31 by vision (OPS-1): the phones reach it"


def test_after_its_last_day_the_finding_is_back_and_the_exemption_a_finding_too(exemptions):
    state = export(digits={**SERVER, "host": "0.0.0.0"})
    report = modelport_policies.check(state, exemptions=exemptions, today=date(2027, 1, 1))
    assert {(each["rule"], each["exempted"]) for each in report["violations"]} == {("NET-01", False), ("GOV-12", False)}
    assert any("exemptions.yaml:1  expires" in each["message"] for each in report["violations"])


def test_a_wrong_exemption_is_found_in_an_export_that_does_not_list_the_stack_itself(exemptions):
    state = export(digits={**SERVER, "host": "0.0.0.0"})
    del state["deployment"]["resources"][0]
    exemptions.write_text("- {}\n")
    assert {each["rule"] for each in check(state, exemptions=exemptions)["violations"]} == {"NET-01", "GOV-12"}


OPEN = {**SERVER, "host": "0.0.0.0"}
ENCRYPTED = secret(ciphertext="v1:abc")


@pytest.mark.parametrize(
    ("servers", "today", "profile", "state"),
    [
        ({"digits": OPEN}, TODAY, None, "active"),
        ({"digits": OPEN}, date(2026, 12, 16), None, "active"),
        ({"digits": OPEN}, date(2026, 12, 17), None, "expiring"),
        ({"digits": OPEN}, date(2027, 1, 1), None, "expired"),
        ({"digits": SERVER}, TODAY, None, "unused"),
        ({"digits": {**SERVER, "host": ENCRYPTED}}, TODAY, None, "active"),
        ({"vision": SERVER}, TODAY, None, "unused"),
    ],
)
def test_each_exemption_has_a_state(exemptions, servers, today, profile, state):
    report = modelport_policies.check(export(**servers), profile, exemptions=exemptions, today=today)
    [standing] = report["exemptions"]
    assert (standing["state"], standing["line"], standing["id"]) == (state, 1, None)
    assert standing["file"] == str(exemptions)
    assert standing["message"].startswith("exempt until" if state == "active" else f"{exemptions}:1  ")


def test_an_exemption_of_another_stack_or_of_a_control_that_is_disabled_is_not_unused(exemptions):
    text = exemptions.read_text()
    exemptions.write_text(text.replace(":dev:", ":prod:") + text.replace("NET-01", "COST-04"))
    found = check(export(digits=SERVER), "baseline", exemptions=exemptions)["exemptions"]
    assert [each["state"] for each in found] == ["active", "active"]


def test_a_malformed_exemption_is_reported_as_such(exemptions):
    exemptions.write_text("- {id: phones}\n")
    [standing] = check(export(digits=OPEN), exemptions=exemptions)["exemptions"]
    assert standing["state"] == "malformed"
    assert f"{exemptions}:1  rules: field required" in standing["message"]


def test_a_pod_without_a_network_policy_is_found_in_the_stack_as_a_whole():
    state = export()
    type_ = "kubernetes:apps/v1:Deployment"
    urn = f"urn:pulumi:dev::shop::{type_}::digits"
    state["deployment"]["resources"].append({"type": type_, "urn": urn, "inputs": {"spec": {"template": {}}}})
    isolation = [each["message"] for each in check(state)["violations"] if each["rule"] == "NET-14"]
    assert isolation == [
        "no NetworkPolicy limits the ingress of its pods",
        "no NetworkPolicy limits the egress of its pods",
    ]


def test_the_report_is_json():
    assert json.loads(json.dumps(check(export(digits=SERVER))))["profile"] == "standard"


def test_the_pack_is_found_without_loading_pulumi():
    code = "import sys, modelport_policies; modelport_policies.path(); sys.exit('pulumi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


BUCKET, ENCRYPTION = (
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
)
RULE = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": UNKNOWN_STRING_VALUE}}


def with_bucket(depends, bucket=BUCKET, encryption=ENCRYPTION):
    urns = [f"urn:pulumi:dev::shop::{type_}::models" for type_ in (bucket, encryption)]
    inputs = {"bucket": UNKNOWN_STRING_VALUE, "rules": [{**RULE, "bucketKeyEnabled": True}]}
    rows = [
        {"type": bucket, "urn": urns[0], "inputs": {}},
        {"type": encryption, "urn": urns[1], "inputs": inputs, "propertyDependencies": {"bucket": [urns[0]] * depends}},
    ]
    return {"deployment": {"resources": rows}}


def test_what_belongs_to_a_bucket_is_found_by_the_reference_before_there_are_names():
    report = check(with_bucket(depends=True))
    assert not [each for each in report["violations"] if each["rule"] == "ENC-02"]
    assert not [each for each in report["undecided"] if each["rule"] == "ENC-02"]


def test_a_property_of_which_an_export_says_that_it_comes_from_nothing_may_be_any():
    state = with_bucket(depends=False)
    state["deployment"]["resources"][1]["propertyDependencies"] = {"bucket": None}
    assert "ENC-02" in {each["rule"] for each in check(state)["undecided"]}


def test_what_may_belong_to_a_bucket_leaves_it_undecided():
    report = check(with_bucket(depends=False))
    assert [each["urn"] for each in report["undecided"] if each["rule"] == "ENC-02"] == [
        f"urn:pulumi:dev::shop::{BUCKET}::models"
    ]


def test_a_type_is_judged_by_its_other_names_too():
    old = [each.replace(":", "V2:").replace("awsV2", "aws") + "V2" for each in (BUCKET, ENCRYPTION)]
    report = check(with_bucket(True, *old))
    found = {each["rule"] for each in report["violations"]}
    assert {"ENC-07", "NET-07"} <= found
    assert "ENC-02" not in found
    assert {each["urn"] for each in report["violations"]} == {f"urn:pulumi:dev::shop::{old[0]}::models"}
