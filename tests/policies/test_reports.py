import json
import re
from datetime import date
from importlib.resources import files
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from junitparser import JUnitXml
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE
from support.policy_cases import controls
from support.sarif import faults

from modelport_policies.frameworks import FRAMEWORKS, requirement
from modelport_policies.reports import FORMATS, written
from modelport_policies.reports.markdown import code
from modelport_policies.reports.place import Place
from modelport_policies.review import review

TODAY = date(2026, 11, 21)
SERVER = "modelport:local:Server"
IN_ORDER = {"host": "127.0.0.1", "digest": "sha256:" + "0123456789abcdef" * 4, "tags": {}}
SCHEMA = json.loads(files("modelport_policies.reports").joinpath("evidence.schema.json").read_text())


def urn(name):
    return f"urn:pulumi:dev::shop::{SERVER}::{name}"


@pytest.fixture
def found(tmp_path):
    """A server that listens to everybody, one whose so doing is accepted, and one of which it is not known."""
    hosts = {"open": "0.0.0.0", "phones": "0.0.0.0", "later": UNKNOWN_STRING_VALUE, "good": "127.0.0.1"}
    file = tmp_path / "exemptions.yaml"
    file.write_text(
        f'- {{rules: [NET-01], match: {{urn: "{urn("phones")}"}}, owner: vision, reason: "phones | <reach> it",'
        " ticket: OPS-1, created: 2026-11-01, expires: 2026-12-31}\n"
    )
    return reviewed({name: {**IN_ORDER, "host": host} for name, host in hosts.items()}, file)


def reviewed(servers, exemptions=None):
    rows = [{"type": SERVER, "urn": urn(name), "inputs": inputs} for name, inputs in servers.items()]
    return review({"deployment": {"resources": rows}}, exemptions=exemptions, today=TODAY)


def of_network(rows, key):
    return [each for each in rows if each[key] == "NET-01"]


def test_sarif_is_valid_and_has_a_rule_for_every_control(found):
    report = json.loads(written("sarif", found))
    assert faults(report) == []
    [run] = report["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [control.id for control in controls()]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])


def test_sarif_tells_violations_from_what_is_accepted_and_what_is_open(found):
    [run] = json.loads(written("sarif", found))["runs"]
    rows = {each["locations"][0]["logicalLocations"][0]["name"]: each for each in of_network(run["results"], "ruleId")}
    assert set(rows) == {"open", "phones", "later"}
    assert (rows["open"]["kind"], rows["open"]["level"], rows["open"].get("suppressions")) == ("fail", "error", None)
    [suppression] = rows["phones"]["suppressions"]
    assert suppression["justification"] == "exempt until 2026-12-31 by vision (OPS-1): phones | <reach> it"
    assert (rows["later"]["kind"], rows["later"]["level"]) == ("open", "none")


def test_sarif_knows_a_finding_again(found):
    alone = reviewed({"open": {**IN_ORDER, "host": "0.0.0.0"}})
    assert fingerprints(alone) < fingerprints(found)


def fingerprints(found):
    [run] = json.loads(written("sarif", found))["runs"]
    return {each["partialFingerprints"]["finding/v1"] for each in run["results"]}


def test_sarif_leads_to_the_line_of_a_file_where_it_is_known(found):
    places = {urn("open"): Place("stacks/environments/Pulumi.dev.yaml", 4)}
    report = json.loads(written("sarif", found, places))
    assert faults(report) == []
    physical = {
        each["locations"][0]["logicalLocations"][0]["name"]: each["locations"][0].get("physicalLocation")
        for each in of_network(report["runs"][0]["results"], "ruleId")
    }
    assert physical["open"]["artifactLocation"]["uri"] == "stacks/environments/Pulumi.dev.yaml"
    assert physical["open"]["region"] == {"startLine": 4}
    assert physical["phones"] is None


def test_junit_has_a_case_for_each_control_and_resource_and_fails_only_for_what_stops(found):
    report = JUnitXml.fromstring(written("junit", found).encode())
    assert (report.tests, report.failures) == (len(found.results), len([*stopping(found)]))
    suite = next(each for each in report if each.name.startswith("NET-01"))
    words = {case.name.rpartition("::")[2]: [type(each).__name__ for each in case.result] for case in suite}
    assert words == {"open": ["Failure"], "phones": ["Skipped"], "later": ["Skipped"], "good": []}


def test_junit_says_what_to_do_on_the_target_of_the_resource():
    urn = "urn:pulumi:dev::shop::pkg:index:Store$gcp:storage/bucket:Bucket::a"
    rows = [{"type": "gcp:storage/bucket:Bucket", "urn": urn, "inputs": {}}]
    text = written("junit", review({"deployment": {"resources": rows}}))
    words = next(each for each in controls() if each.id == "NET-07").remediation
    assert words["vertex"] in text
    assert words["sagemaker"] not in text


def stopping(found):
    return (each for each in found.having("violated") if each.level != "advisory")


def test_advice_is_told_and_fails_nothing(found):
    root = Xml.fromstring(written("junit", found))
    cases = [case for case in root.iter("testcase") if case.get("classname") == "COST-04"]
    assert cases and all(case.find("failure") is None for case in cases)
    assert all(case.findtext("system-out").startswith("advisory: ") for case in cases)


def test_markdown_says_first_what_stops_an_update(found):
    lines = written("markdown", found).splitlines()
    assert lines[0] == "### Policies: 1 stop an update"
    assert any(line.startswith("| NET-01 | critical | `open` |") for line in lines[:8])


def test_markdown_of_a_stack_in_order_says_so():
    assert written("markdown", reviewed({})).startswith("### Policies: nothing stops an update\n")


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_text_of_others_is_one_span_of_code_in_one_cell(text):
    shown = code(text)
    assert not shown or re.fullmatch(r"`[^`\n]+`", shown)
    assert not re.search(r"(?<!\\)\|", shown)


def test_evidence_is_valid_and_leads_from_a_framework_to_each_resource(found):
    evidence = json.loads(written("evidence", found))
    assert list(Draft7Validator(SCHEMA).iter_errors(evidence)) == []
    rows = evidence["frameworks"]["NIST"]["requirements"]["SC-7"]["NET-01"]["results"]
    verdicts = {each["resource"].rpartition("::")[2]: each["result"] for each in rows}
    assert verdicts == {"open": "violated", "phones": "exempted", "later": "undecided", "good": "passed"}
    [accepted] = [each for each in rows if each.get("suppressed")]
    assert accepted["justification"].startswith("exempt until")
    named = {id_ for each in evidence["frameworks"].values() for row in each["requirements"].values() for id_ in row}
    assert named == {control.id for control in controls()}


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"profile": "strict"}, {"frameworks": {"NIST": {}}}, {"compliant": True}],
)
def test_the_schema_refuses_what_is_no_evidence(found, change):
    assert list(Draft7Validator(SCHEMA).iter_errors({**json.loads(written("evidence", found)), **change}))


def test_every_reference_of_a_control_names_a_framework():
    assert {requirement(each).framework for control in controls() for each in control.frameworks} <= set(FRAMEWORKS)
    assert requirement("NIST AI RMF MAP 1") == ("NIST AI RMF", "MAP 1")
    assert requirement("ACME handbook 3") == ("ACME handbook", "3")
    assert requirement("ACME") == ("ACME", "")


HOSTILE = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda name: "::" not in name)


@settings(max_examples=30, deadline=None)
@given(HOSTILE, HOSTILE)
def test_no_name_or_value_breaks_a_report(name, host):
    found = reviewed({name: {**IN_ORDER, "host": host}})
    for format_ in FORMATS:
        assert written(format_, found)
    assert faults(json.loads(written("sarif", found))) == []
    Xml.fromstring(written("junit", found))


@pytest.mark.parametrize(
    "change", [{"level": "fatal"}, {"kind": "open"}, {"suppressions": [{}]}, {"message": {}}, {"rule": "NET-01"}]
)
def test_the_judge_refuses_what_is_no_sarif(found, change):
    report = json.loads(written("sarif", found))
    report["runs"][0]["results"][0] |= change
    assert faults(report)
