import json
from datetime import date, timedelta
from pathlib import Path

import pytest

import modelport_policies
from modelport_policies.controls import catalogue

URN = "urn:pulumi:local::test::modelport:local:Server::fraud-local-server"


OPEN = """
import pulumi_kubernetes as k8s

k8s.core.v1.Pod("it[0]", spec={"containers": [{"name": "it", "image": "it:latest"}]})
"""


@pytest.fixture
def export(project):
    """Writes a deployment export of one server with the given inputs; its path."""

    def write(**inputs):
        resources = [{"urn": URN, "type": "modelport:local:Server", "inputs": inputs}]
        (project / "export.json").write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}))
        return "export.json"

    return write


def found(answer):
    return {each["rule"]: each for each in answer.json["violations"]}


def test_the_list_has_every_control_and_profile(modelport):
    controls = modelport("policies", "list", "--json").json["controls"]
    assert [each["id"] for each in controls] == [control.id for control in catalogue()]
    assert all(set(each["levels"]) == {"baseline", "standard", "regulated"} for each in controls)


def test_the_list_of_one_profile_has_its_levels_only(modelport):
    lines = modelport("policies", "list", "--profile", "baseline").out.splitlines()
    assert lines[0].split() == ["control", "severity", "baseline"]
    assert next(line for line in lines if line.startswith("NET-14")).split()[2] == "disabled"


def test_explain_says_how_to_comply(modelport):
    control = next(each for each in catalogue() if each.id == "NET-01")
    answer = modelport("policies", "explain", "net-01")
    assert answer.code == 0
    assert control.remedy() in answer.out


def test_path_is_the_pack_and_nothing_else(modelport):
    assert modelport("policies", "path").out == f"{modelport_policies.path()}\n"


def test_check_fails_on_a_mandatory_violation(export, modelport):
    answer = modelport("policies", "check", "--state", export(host="0.0.0.0"), "--json")
    assert answer.code == 3
    assert found(answer)["NET-01"] == {
        "rule": "NET-01",
        "urn": URN,
        "level": "mandatory",
        "message": found(answer)["NET-01"]["message"],
        "exempted": False,
    }
    assert answer.json["evaluated"] > 0
    assert answer.json["undecided"] == []


def test_check_for_people_names_the_resource_and_what_to_read_next(export, modelport):
    answer = modelport("policies", "check", "--state", export(host="0.0.0.0"))
    lines = answer.out.splitlines()
    assert lines[0] == "mandatory  NET-01  fraud-local-server"
    assert lines[-1] == "next: modelport policies explain NET-01"


def test_the_counts_are_a_row_for_each_control_that_is_concerned(export, modelport):
    lines = modelport("policies", "check", "--state", export(host="0.0.0.0")).out.splitlines()
    table = [line.split() for line in lines if line.startswith(("control ", "NET-", "SUP-", "GOV-"))]
    assert table[0] == ["control", "level", "evaluated", "violated"]
    assert ["NET-01", "mandatory", "1", "1"] in table
    assert ["GOV-12", "mandatory", "1", "-"] in table
    assert "SUP-01" not in {row[0] for row in table}
    assert lines[-2].endswith("0 exempted, 0 undecided, 0 not applicable")


@pytest.mark.parametrize("words", [[], ["--state", "export.json", "--stack", "local"]])
def test_what_is_judged_is_an_export_or_a_stack(export, modelport, words):
    export(host="127.0.0.1")
    answer = modelport("policies", "check", *words)
    assert answer.code == 2
    assert "--state FILE, --stack NAME\n  give one of them" in answer.err


def test_parameters_in_the_config_of_a_stack_that_are_none_are_refused(project, modelport):
    file = project / "Pulumi.local.yaml"
    file.write_text(file.read_text() + "  modelport-policies:parameters: '{'\n")
    answer = modelport("policies", "check", "--stack", "local")
    assert (answer.code, "Pulumi.local.yaml" in answer.err) == (2, True)
    assert "modelport-policies:parameters is no object" in answer.err


def test_an_exempted_violation_does_not_fail(project, export, modelport):
    state = export(host="0.0.0.0")
    rules = found(modelport("policies", "check", "--state", state, "--json"))
    today = date.today()
    dates = f"created: {today}, expires: {today + timedelta(days=30)}"
    (project / "policies").mkdir()
    (project / "policies" / "exemptions.yaml").write_text(
        f"- {{rules: [{', '.join(rules)}], match: {{name: '*'}}, owner: lab, reason: for the demonstration,"
        f" ticket: LAB-1, {dates}}}\n"
    )
    answer = modelport("policies", "check", "--state", state, "--json")
    assert answer.code == 0
    assert all(each["exempted"] for each in found(answer).values())
    assert set(found(answer)) == set(rules)


def test_what_is_encrypted_is_undecided(export, modelport):
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
    answer = modelport("policies", "check", "--state", export(host=secret), "--json")
    assert "NET-01" in [each["rule"] for each in answer.json["undecided"]]


@pytest.mark.parametrize(
    ("content", "words", "help_"),
    [
        ("{}", [], "no `deployment` at the top"),
        ('{"deployment": {"resources": [{}]}}', [], "a resource needs a type and a urn"),
        ("{", [], "not JSON"),
        (None, [], "cannot be read: No such file"),
        ('{"deployment": {}}', ["--profile", "standart"], "Did you mean standard?"),
    ],
)
def test_check_says_what_is_wrong_with_its_input(project, modelport, content, words, help_):
    if content is not None:
        (project / "state.json").write_text(content)
    answer = modelport("policies", "check", "--state", "state.json", "--json", *words)
    assert (answer.code, answer.out) == (2, "")
    assert help_ in answer.err


def test_exemptions_that_are_named_must_be_there(export, modelport):
    answer = modelport("policies", "check", "--state", export(host="127.0.0.1"), "--exemptions", "none.yaml")
    assert answer.code == 2
    assert "none.yaml" in answer.err


def test_an_unknown_control_is_corrected(modelport):
    answer = modelport("policies", "explain", "NETT-01")
    assert answer.code == 2
    assert "Did you mean NET-01?" in answer.err


def test_parameters_of_controls_come_from_a_file(project, export, modelport):
    pod = {"spec": {"containers": [{"name": "server", "image": "registry.example.com/a@sha256:" + "a" * 64}]}}
    type_ = "kubernetes:core/v1:Pod"
    state = {"deployment": {"resources": [{"urn": f"urn:pulumi:dev::a::{type_}::a", "type": type_, "inputs": pod}]}}
    (project / "state.json").write_text(json.dumps(state))
    (project / "parameters.json").write_text(json.dumps({"SUP-02": {"registries": ["other.example.com"]}}))
    check = ("policies", "check", "--state", "state.json", "--json")
    assert "SUP-02" not in found(modelport(*check))
    assert "SUP-02" in found(modelport(*check, "--parameters", "parameters.json"))


@pytest.mark.parametrize(
    ("content", "help_"),
    [("{", "not JSON"), ('{"SUP-02": {"registry": []}}', "it has registries"), (None, "cannot be read")],
)
def test_check_says_what_is_wrong_with_parameters(project, export, modelport, content, help_):
    if content is not None:
        (project / "parameters.json").write_text(content)
    state = export(host="127.0.0.1")
    answer = modelport("policies", "check", "--state", state, "--parameters", "parameters.json")
    assert answer.code == 2
    assert help_ in answer.err


AGREED = ("--owner", "lab", "--ticket", "LAB-1")


def test_a_baseline_accepts_what_is_found_today(project, export, modelport):
    state = export(host="0.0.0.0")
    assert modelport("policies", "check", "--state", state).code == 3
    answer = modelport("policies", "baseline", "--state", state, *AGREED)
    assert answer.code == 0, answer.err
    until = date.today() + timedelta(days=90)
    lines = answer.out.splitlines()
    assert lines[0] == str(Path("policies", "exemptions.yaml"))
    assert lines[1].endswith(f"controls until {until}")
    assert lines[-1] == "next: modelport policies check --state export.json"
    assert modelport("policies", "check", "--state", state).code == 0
    text = (project / "policies" / "exemptions.yaml").read_text()
    again = modelport("policies", "baseline", "--state", state, *AGREED)
    assert "nothing to add" in again.out
    assert (project / "policies" / "exemptions.yaml").read_text() == text


def test_a_baseline_goes_where_it_is_told(project, export, modelport):
    state = export(host="0.0.0.0")
    answer = modelport("policies", "baseline", "--state", state, "-o", "a/b.yaml", "--profile", "regulated", *AGREED)
    following = answer.out.splitlines()[-1].removeprefix("next: modelport ").split()
    assert " ".join(following) == "policies check --state export.json --profile regulated --exemptions a/b.yaml"
    assert modelport(*following).code == 0
    assert not (project / "policies").exists()


def test_a_baseline_of_a_stack_is_what_its_program_wants(project, modelport):
    (project / "__main__.py").write_text(OPEN)
    assert modelport("policies", "check", "--stack", "local").code == 3
    answer = modelport("policies", "baseline", "--stack", "local", *AGREED)
    assert answer.code == 0, answer.err
    assert modelport("policies", "check", "--stack", "local").code == 0


def test_no_baseline_is_added_to_exemptions_that_do_not_hold(project, export, modelport):
    (project / "exemptions.yaml").write_text("- {}\n")
    answer = modelport("policies", "baseline", "--state", export(host="0.0.0.0"), "-o", "exemptions.yaml", *AGREED)
    assert answer.code == 2
    assert "exemptions.yaml:1  rules: field required" in answer.err
    assert (project / "exemptions.yaml").read_text() == "- {}\n"


@pytest.mark.parametrize(("words", "text"), [(("--reason", "because"), "reason: string"), ((), "give one of them")])
def test_a_baseline_that_is_none_is_refused(project, export, modelport, words, text):
    state = ("--state", export(host="0.0.0.0")) if words else ()
    answer = modelport("policies", "baseline", *state, *AGREED, *words)
    assert answer.code == 2
    assert text in answer.err
    assert not (project / "policies").exists()
