import json
from xml.etree import ElementTree as Xml

import pytest
from support.sarif import faults

TYPE = "modelport:local:Server"
REPORTS = ("sarif", "junit", "markdown", "evidence")


@pytest.fixture
def check(project, modelport):
    """`policies check` of a server that listens to everybody."""
    row = {"urn": f"urn:pulumi:dev::shop::{TYPE}::digits", "type": TYPE, "inputs": {"host": "0.0.0.0"}}
    (project / "state.json").write_text(json.dumps({"deployment": {"resources": [row]}}))
    return lambda *words: modelport("policies", "check", "--state", "state.json", *words)


def test_one_check_writes_every_report_of_the_same_findings(project, check):
    answer = check(*(word for name in REPORTS for word in (f"--{name}", f"out.{name}")))
    assert answer.code == 3
    sarif = json.loads((project / "out.sarif").read_text())
    assert faults(sarif) == []
    stopping = {each["ruleId"] for each in sarif["runs"][0]["results"] if each["level"] == "error"}
    assert "NET-01" in stopping
    suites = Xml.parse(project / "out.junit").getroot()
    assert {each.get("name").split()[0] for each in suites if each.get("failures") != "0"} == stopping
    assert f"{len(stopping)} stop an update" in (project / "out.markdown").read_text()
    evidence = json.loads((project / "out.evidence").read_text())
    [row] = evidence["frameworks"]["NIST"]["requirements"]["SC-7"]["NET-01"]["results"]
    assert row["result"] == "violated"


def test_a_report_that_cannot_be_written_says_so(check):
    answer = check("--sarif", "none/out.sarif")
    assert (answer.code, answer.out) == (2, "")
    assert "none/out.sarif\n  cannot be written: No such file or directory." in answer.err


def test_people_see_how_often_each_control_was_asked(check):
    rows = {line.split()[0]: line.split()[1:] for line in check().out.splitlines() if line}
    assert rows["control"][:3] == ["level", "evaluated", "violated"]
    assert rows["NET-01"] == ["mandatory", "1", "1"]
    assert "POD-01" not in rows


def test_a_rule_of_one_s_own_is_written_listed_explained_and_judged(project, modelport):
    answer = modelport("policies", "new", "SHOP-10")
    assert answer.out.splitlines() == [
        "policies/rules.py written",
        "policies/test_rules.py written",
        "next: modelport policies explain SHOP-10",
    ]
    assert "Set the label team." in modelport("policies", "explain", "SHOP-10").out
    assert "SHOP-10" in modelport("policies", "list").out
    type_ = "kubernetes:apps/v1:Deployment"
    rows = [{"type": type_, "urn": f"urn:pulumi:dev::shop::{type_}::a", "inputs": {}}]
    (project / "state.json").write_text(json.dumps({"deployment": {"resources": rows}}))
    found = modelport("policies", "check", "--state", "state.json", "--json").json["violations"]
    assert "SHOP-10" in {each["rule"] for each in found}


@pytest.mark.parametrize(("id_", "why"), [("shop", "capitals and a number"), ("SHOP-1", "capitals and a number")])
def test_a_rule_has_an_id_of_the_common_form(project, modelport, id_, why):
    answer = modelport("policies", "new", id_)
    assert answer.code == 2
    assert why in answer.err


def test_a_rule_that_is_there_is_not_overwritten(project, modelport):
    (project / "policies").mkdir()
    (project / "policies" / "rules.py").write_text("CONTROLS = []\n")
    answer = modelport("policies", "new", "SHOP-10")
    assert answer.code == 2
    assert (project / "policies" / "rules.py").read_text() == "CONTROLS = []\n"
    assert not (project / "policies" / "test_rules.py").exists()


def test_wrong_rules_are_told_without_a_traceback(project, modelport):
    (project / "policies").mkdir()
    (project / "policies" / "rules.py").write_text("CONTROLS = [\n")
    answer = modelport("policies", "list")
    assert answer.code == 2
    assert "policies/rules.py  cannot be imported: SyntaxError" in answer.err
