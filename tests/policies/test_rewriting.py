"""What controls at the level `remediate` make of a resource: in the frame, over the protocol, and under the engine."""

import json
from datetime import date, timedelta
from functools import reduce

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto.analyzer_pb2 import DISABLED, REMEDIATE
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY, deserialize_properties
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy
from support.hardened import hardened
from support.junk import JUNK, KEYS
from support.policy_cases import controls
from support.workbench import Workbench

import modelport_policies
from modelport_policies.control import Outcome
from modelport_policies.resource import Resource
from modelport_policies.rewriting import filled

CONTROLS = {control.id: control for control in controls() if control.rewrites}
JUDGED = [(control, type_) for control in CONTROLS.values() for type_ in control.rewrites]
REQUIRED = ("owner", "costCenter", "service", "environment", "dataClass", "riskClass")
VALUES = {"values": dict.fromkeys(REQUIRED, "dev")}
MARKED = [("tags",), ("labels",), ("metadata", "annotations"), ("metadata", "labels")]
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET = "gcp:storage/bucket:Bucket"
ACCOUNT = "azure-native:storage:StorageAccount"
FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
each_type = pytest.mark.parametrize(
    ("control", "type_"), JUDGED, ids=lambda each: each.rpartition(":")[2] if isinstance(each, str) else each.id
)


def of(type_, inputs):
    """A resource as checks read it, of inputs as they go over the wire."""
    read = unknown_checking_proxy(deserialize_properties(inputs))
    return Resource(type_, "digits", f"urn:pulumi:dev::shop::{type_}::digits", read)


def rewritten(control, type_, inputs, parameters=None):
    return control.rewritten(of(type_, inputs), inputs, parameters)


def containing(container, **pod):
    return {"spec": {"template": {"spec": {"containers": [{"name": "server", **container}], **pod}}}}


def secret(value):
    return {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": value}


def without(value, path):
    """A tree that says nothing at a path."""
    key, *rest = path
    if isinstance(value, list):
        return [*value[:key], without(value[key], rest), *value[key + 1 :]] if key < len(value) else value
    if not isinstance(value, dict) or key not in value:
        return value
    inner = {key: without(value[key], rest)} if rest else {}
    return {**{each: value[each] for each in value if each != key}, **inner}


def keeps(before, after):
    """Whether all that was said is still said."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(keeps(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(keeps, before, after))
    return before is None or json.dumps(before) == json.dumps(after)


def test_the_rows_of_the_catalogue_that_change_something_do():
    assert set(CONTROLS) == {"NET-07", "IDN-11", "POD-05", "POD-07", "POD-08", "COST-04"}


def in_order(control, type_):
    """A resource in which the control finds nothing, and the paths that it reads."""
    whole = hardened(type_) if type_ != "modelport:local:Server" else {"tags": dict.fromkeys(REQUIRED, "dev")}
    assert control.evaluate(of(type_, whole), VALUES) == Outcome()
    return whole, MARKED if control.id == "COST-04" else [path for path, _ in control.rewrites[type_](of(type_, whole))]


@each_type
def test_what_says_nothing_violates_until_it_is_rewritten_and_what_is_in_order_stays(control, type_):
    whole, paths = in_order(control, type_)
    bare = reduce(without, paths, whole)
    assert control.evaluate(of(type_, bare), VALUES).violations
    assert control.evaluate(of(type_, rewritten(control, type_, bare, VALUES)), VALUES) == Outcome()
    assert rewritten(control, type_, whole, VALUES) == whole


@each_type
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_whatever_of_it_is_not_said_what_is_rewritten_passes_its_own_check(control, type_, data):
    whole, paths = in_order(control, type_)
    bare = reduce(without, data.draw(st.lists(st.sampled_from(paths), unique=True)), whole)
    once = rewritten(control, type_, bare, VALUES)
    assert control.evaluate(of(type_, once), VALUES) == Outcome()
    assert rewritten(control, type_, once, VALUES) == once


@settings(max_examples=40, deadline=None)
@given(inputs=st.dictionaries(st.sampled_from(KEYS), JUNK))
def test_nothing_that_is_said_is_changed_and_twice_is_once(inputs):
    for control, type_ in JUDGED:
        once = rewritten(control, type_, inputs, VALUES)
        assert keeps(inputs, once), (control.id, type_)
        assert rewritten(control, type_, once, VALUES) == once, (control.id, type_)


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ({"a": UNKNOWN_STRING_VALUE}, ("a", "b"), {"a": UNKNOWN_STRING_VALUE}),
        ({"a": False}, ("a",), {"a": False}),
        ({"a": secret({"b": 2})}, ("a", "c"), {"a": secret({"b": 2, "c": 1})}),
        ({"a": False, "__defaults": ["a", "b"]}, ("a",), {"a": 1, "__defaults": ["b"]}),
        ({"a": [None]}, ("a", 1, "b"), {"a": [None]}),
    ],
    ids=["not known", "said", "in a secret", "by default", "no such entry"],
)
def test_what_is_missing_is_filled_in_wherever_it_belongs(before, path, after):
    assert filled(before, path, 1) == after


def changed(pack, type_, inputs):
    """Which policies rewrote, and what came of it."""
    answer = pack.remediate(type_, inputs)
    assert not [each.diagnostic for each in answer.remediations if each.diagnostic]
    states = [json_format.MessageToDict(each.properties) for each in answer.remediations]
    return {each.policyName for each in answer.remediations}, [inputs, *states][-1]


@pytest.mark.parametrize(
    ("policy", "type_", "inputs", "path", "value"),
    [
        ("POD-05", DEPLOYMENT, containing({}), ("containers", 0, "securityContext", "allowPrivilegeEscalation"), False),
        ("POD-07", DEPLOYMENT, containing({}), ("containers", 0, "securityContext", "capabilities", "drop"), ["ALL"]),
        ("POD-08", DEPLOYMENT, containing({}), ("securityContext", "seccompProfile", "type"), "RuntimeDefault"),
        ("IDN-11", DEPLOYMENT, containing({}), ("automountServiceAccountToken",), False),
        ("NET-07-rewrite", BLOCK, {"bucket": UNKNOWN_STRING_VALUE}, ("restrictPublicBuckets",), True),
        ("NET-07-rewrite", BUCKET, {"name": "digits"}, ("publicAccessPrevention",), "enforced"),
        ("NET-07-rewrite", ACCOUNT, {"accountName": "digits"}, ("allowBlobPublicAccess",), False),
        ("COST-04-rewrite", BUCKET, {"labels": {"owner": "a"}}, ("labels", "cost_center"), "dev"),
        ("COST-04-rewrite", ACCOUNT, {"tags": {"owner": "a"}}, ("tags", "costCenter"), "dev"),
        ("COST-04-rewrite", DEPLOYMENT, containing({}), ("metadata", "annotations", "costCenter"), "dev"),
    ],
)
def test_the_pack_rewrites_what_does_not_say_it(pack, policy, type_, inputs, path, value):
    pack.configure(parameters={"COST-04-rewrite": VALUES})
    policies, after = changed(pack, type_, inputs)
    assert policy in policies
    if type_ == DEPLOYMENT and path[0] != "metadata":
        path = ("spec", "template", "spec", *path)
    for key in path:
        after = after[key]
    assert after == value


@pytest.mark.parametrize(
    ("control", "type_", "inputs"),
    [
        ("POD-05", DEPLOYMENT, containing({"securityContext": {"allowPrivilegeEscalation": True}})),
        ("POD-07", DEPLOYMENT, containing({"securityContext": {"capabilities": {"drop": ["NET_RAW"]}}})),
        ("POD-07", DEPLOYMENT, containing({"securityContext": {"capabilities": {"drop": ["ALL"], "add": ["BPF"]}}})),
        ("POD-08", DEPLOYMENT, containing({}, securityContext={"seccompProfile": {"type": "Unconfined"}})),
        ("IDN-11", DEPLOYMENT, containing({}, automountServiceAccountToken=True)),
        ("NET-07", BLOCK, {**dict.fromkeys(FLAGS, True), "blockPublicPolicy": False}),
        ("NET-07", BUCKET, {"publicAccessPrevention": "inherited"}),
        ("NET-07", BUCKET, {"labels": {"exposure": "public"}}),
        ("NET-07", ACCOUNT, {"allowBlobPublicAccess": True}),
        ("NET-07", ACCOUNT, {"tags": {"exposure": "public"}}),
    ],
)
def test_what_says_otherwise_stays_and_violates(pack, control, type_, inputs):
    policies, after = changed(pack, type_, inputs)
    assert not {control, f"{control}-rewrite"} & policies
    scope = pack.analyze_stack((type_, after)) if control == "NET-07" else pack.analyze(type_, after)
    assert [each for each in scope.diagnostics if each.policyName == control]


def test_tags_come_from_the_parameter_alone(pack):
    assert changed(pack, ACCOUNT, {"accountName": "digits", "allowBlobPublicAccess": False})[0] == set()


def test_a_label_that_google_cloud_would_refuse_is_not_given(pack):
    pack.configure(parameters={"COST-04-rewrite": {"values": {"owner": "team@example.com", "service": "digits"}}})
    assert changed(pack, BUCKET, {"publicAccessPrevention": "enforced"})[1]["labels"] == {"service": "digits"}


@pytest.mark.parametrize(
    "unknown", [{"spec": UNKNOWN_STRING_VALUE}, containing({"securityContext": UNKNOWN_STRING_VALUE})]
)
def test_what_is_not_known_yet_stays_so(pack, unknown):
    assert keeps(unknown, changed(pack, DEPLOYMENT, unknown)[1])


def test_a_secret_stays_one(pack):
    hidden = {"spec": secret(containing({})["spec"])}
    after = changed(pack, DEPLOYMENT, hidden)[1]["spec"]
    assert after[SPECIAL_SIG_KEY] == SPECIAL_SECRET_SIG
    assert after["value"]["template"]["spec"]["automountServiceAccountToken"] is False


def test_what_is_exempt_is_not_rewritten(analyzer, tmp_path):
    file, today = tmp_path / "accepted.yaml", date.today()
    file.write_text(
        "- {rules: [POD-07], match: {name: digits}, owner: vision, reason: the driver needs them, ticket: OPS-1, "
        f"created: {today}, expires: {today + timedelta(days=30)}}}\n"
    )
    with analyzer(MODELPORT_POLICY_EXEMPTIONS=str(file)) as pack:
        policies, after = changed(pack, DEPLOYMENT, containing({}))
        reasons = {each.policy_name: each.reason for each in pack.remediate(DEPLOYMENT, containing({})).not_applicable}
    assert "POD-05" in policies
    assert "capabilities" not in after["spec"]["template"]["spec"]["containers"][0]["securityContext"]
    assert "the driver needs them" in reasons["POD-07"]


def test_rewriting_is_off_in_baseline_and_for_a_disabled_policy(analyzer, pack):
    with analyzer(MODELPORT_POLICY_PROFILE="baseline") as lenient:
        assert changed(lenient, BUCKET, {})[0] == set()
    assert pack.policies()["NET-07-rewrite"].enforcementLevel == REMEDIATE
    pack.configure(**{"NET-07-rewrite": DISABLED})
    assert changed(pack, BUCKET, {})[0] == set()


def test_under_the_engine_the_provider_gets_the_rewritten_inputs(tmp_path):
    bench = Workbench(tmp_path, "manifests")
    (bench.folder / "Pulumi.yaml").write_text(
        "name: manifests\nruntime: python\nplugins: {providers: [{name: kubernetes, path: ../objects}]}\n"
    )
    given = {"type": DEPLOYMENT, "inputs": containing({"securityContext": {"runAsUser": 10001}})}
    (bench.folder / "objects.json").write_text(json.dumps({"digits": given}))
    (tmp_path / "objects/cloud").mkdir(parents=True)
    bench.env = {**bench.env, "OBJECTS": str(tmp_path / "objects"), "OBJECTS_SECONDS": "0"}
    config = tmp_path / "levels.json"
    config.write_text(json.dumps({"all": "disabled", "POD-05": "remediate", "POD-08": "remediate"}))
    pack = modelport_policies.path()
    result = bench.run("up", policy_packs=(pack,), policy_config={pack: config}, skip_preview=True)
    assert result.exit_code == 0, bench.errors()
    [made] = [json.loads(file.read_text())["outputs"] for file in (tmp_path / "objects/cloud").glob("*.json")]
    pod = made["spec"]["template"]["spec"]
    assert pod["containers"][0]["securityContext"] == {"runAsUser": 10001, "allowPrivilegeEscalation": False}
    assert pod["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert {each["policyName"] for each in bench.bodies("policyRemediationEvent")} == {"POD-05", "POD-08"}
