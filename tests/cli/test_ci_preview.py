import json
import os
import shutil
import subprocess
import time
from xml.etree import ElementTree as Xml

import pytest
from support.pull_request import PullRequest
from support.sarif import faults

SERVER = "urn:pulumi:dev::shop::modelport:index:ModelService$modelport:local:Service$modelport:local:Server"
CHECKED = "#### Not checked here"
EXEMPTION = """\
- rules: [GOV-04]
  match: {stack: dev}
  owner: risk
  reason: the card is being written
  ticket: OPS-1
  created: 2026-11-01
  expires: 2026-12-31
"""


@pytest.fixture
def pull(tmp_path):
    return PullRequest(tmp_path / "shop")


def changed(summary):
    return {
        (each["service"], each["target"]): [(change["name"], change["kind"]) for change in each["changes"]]
        for stack in summary["stacks"]
        for each in stack["changed"]
    }


def test_a_change_of_one_service_says_what_becomes_of_it_and_nothing_of_the_other(pull):
    pull.train("fraud", 3.0)
    summary = pull.preview()
    assert pull.code == 0, pull.said
    assert changed(summary) == {("fraud", "local"): [("fraud-local-server", "in place")]}
    [stack] = summary["stacks"]
    assert stack["services"] == ["fraud"]
    assert stack["changed"][0]["effect"]["interrupted"] == "no"
    assert stack["changed"][0]["changes"][0]["source"] == "modelport's own provider"
    assert "`fraud` on local, stack `dev` | no | a successor takes over the socket" in pull.comment
    assert "compatible; answers to the sample differ by" in pull.comment
    assert "spam" not in pull.comment
    assert pull.git("status", "--porcelain").splitlines() == [" M models/fraud.onnx", "?? .modelport/", "?? out/"]


def test_a_run_that_is_killed_leaves_nothing_and_the_next_one_works(pull, tmp_path):
    pull.train("fraud", 3.0)
    there = set((pull.folder / ".git").rglob("*"))
    pull.env["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    with pull.started() as run:
        while not list((tmp_path / "tmp").glob("modelport-base-*/tree/Pulumi.yaml")):
            assert run.poll() is None
            time.sleep(0.05)
        run.terminate()
        run.wait(60)
    assert list((tmp_path / "tmp").glob("modelport-base-*")) == []
    assert set((pull.folder / ".git").rglob("*")) == there
    assert changed(pull.preview()) == {("fraud", "local"): [("fraud-local-server", "in place")]}


def test_nothing_that_programs_read_changes_nothing_and_plans_nothing(pull):
    pull.write("README.md", "# The other shop\n")
    summary = pull.preview()
    assert (pull.code, summary["stacks"]) == (0, [])
    assert "### modelport: nothing changes" in pull.comment
    assert CHECKED in pull.comment


def test_a_change_of_the_program_plans_every_stack_whole_and_an_unchanged_service_takes_no_line(pull):
    pull.stack("other", ["fraud"])
    pull.merge()
    pull.write("__main__.py", (pull.folder / "__main__.py").read_text() + "\n")
    summary = pull.preview()
    assert pull.code == 0, pull.said
    assert [(each["stack"], each["services"], each["changed"]) for each in summary["stacks"]] == [
        ("dev", None, []),
        ("other", None, []),
    ]
    assert "fraud" not in pull.comment


def test_services_come_and_go(pull):
    pull.write(
        "services/fraud2.yaml",
        (pull.folder / "services/fraud.yaml").read_text().replace("name: fraud,", "name: fraud2,"),
    )
    pull.stack("dev", ["fraud2", "spam"])
    summary = pull.preview()
    assert pull.code == 0, pull.said
    assert changed(summary) == {
        ("fraud2", "local"): [("fraud2-local-server", "create")],
        ("fraud", "local"): [("fraud-local-server", "delete")],
    }
    lines = [line for line in pull.comment.splitlines() if "on local" in line]
    assert lines[0].startswith("| `fraud` on local, stack `dev` | **yes** | the server stops |")


def test_what_replaces_an_endpoint_stops_the_check_until_it_is_allowed(pull):
    urn = f"{SERVER}::fraud-local-server"
    patch = "  modelport:resources: {fraud-local-server: {properties: {host: 127.0.0.2}}}\n"
    pull.stack("dev", ["fraud", "spam"], more=patch)
    summary = pull.preview()
    assert pull.code == 1, pull.said
    assert summary["failing"] == [f"replaced: {urn}"]
    assert "| `fraud-local-server` (Server), stack `dev` | replaces | `host`" in pull.comment
    assert "- `fraud-local-server`, stack `dev`: `modelport:resources` changes" in pull.comment
    assert pull.preview("--allow-replace", urn)["failing"] == []
    assert pull.code == 0


def test_a_new_violation_stops_the_check_and_one_of_before_does_not(pull):
    pull.replace("Pulumi.dev.yaml", "environment: dev", "environment: prod")
    pull.preview()
    assert pull.code == 3, pull.said
    assert "| `GOV-04` | mandatory | `fraud-local`, stack `dev` |" in pull.comment
    sarif = json.loads((pull.folder / "out" / "results.sarif").read_text())
    assert faults(sarif) == []
    found = {each["ruleId"]: each["locations"][0] for each in sarif["runs"][0]["results"]}
    assert found["GOV-04"]["physicalLocation"]["artifactLocation"]["uri"].startswith("services/")
    suites = Xml.parse(pull.folder / "out" / "junit.xml").getroot()
    assert any(each.get("name").startswith("dev: GOV-04") and each.get("failures") == "2" for each in suites)
    pull.merge()
    pull.train("fraud", 3.0)
    summary = pull.preview()
    assert (pull.code, summary["stacks"][0]["violations"]) == (0, [])


def test_policies_exemptions_and_gates_are_those_of_the_base_and_a_change_of_them_comes_first(pull):
    pull.replace("Pulumi.dev.yaml", "environment: dev", "environment: prod")
    pull.write("policies/gates.yaml", "violation: report\n")
    with (pull.folder / "Pulumi.dev.yaml").open("a") as file:
        file.write("  modelport-policies:profile: baseline\n")
    summary = pull.preview()
    assert pull.code == 3, pull.said
    assert summary["judging"] == ["policies/gates.yaml", "dev: modelport-policies:profile"]
    first = pull.comment.splitlines()[1]
    assert first.startswith("**This changes what stacks are judged by; it was judged as before: `policies/gates.yaml`")
    pull.git("checkout", "--quiet", "Pulumi.dev.yaml")
    pull.merge()
    pull.replace("Pulumi.dev.yaml", "environment: dev", "environment: prod")
    assert pull.preview()["stacks"][0]["violations"]
    assert pull.code == 0, pull.said


def test_new_exemptions_are_listed_and_accept_nothing_yet(pull):
    pull.replace("Pulumi.dev.yaml", "environment: dev", "environment: prod")
    pull.write("policies/exemptions.yaml", EXEMPTION)
    summary = pull.preview()
    assert pull.code == 3, pull.said
    assert len(summary["exemptions"]) == 1
    assert "- `['GOV-04'] for {'stack': 'dev'}, until 2026-12-31, by risk: the card is being written`" in pull.comment
    assert summary["judging"] == ["policies/exemptions.yaml"]


def test_a_refused_field_and_a_wrong_file_are_told_apart(pull):
    pull.replace("services/fraud.yaml", "model: {", "scaling: {min: 2}\nmodel: {")
    summary = pull.preview()
    assert pull.code == 4, pull.said
    assert summary["failing"][0].startswith("refused: services/fraud.yaml:2  scaling.min: 2\n  MP402")
    pull.write("services/fraud.yaml", "metadata: [\n")
    summary = pull.preview()
    assert pull.code == 2, pull.said
    assert "services/fraud.yaml" in summary["failing"][0]


def test_a_base_that_cannot_be_planned_is_said_and_everything_counts_as_new(pull):
    good = (pull.folder / "services" / "fraud.yaml").read_text()
    pull.write("services/fraud.yaml", "metadata: [\n")
    pull.merge()
    pull.write("services/fraud.yaml", good)
    summary = pull.preview()
    assert pull.code == 0, pull.said
    assert changed(summary) == {("fraud", "local"): [("fraud-local-server", "create")]}
    assert "before this change, so that everything counts as new" in pull.comment


def test_an_exported_state_shows_what_is_not_applied_yet(pull, tmp_path):
    state = tmp_path / "state.json"
    rows = {"deployment": {"resources": [{"urn": f"{SERVER}::old", "type": "modelport:local:Server", "custom": True}]}}
    state.write_text(json.dumps(rows))
    pull.train("fraud", 3.0)
    pull.preview("--state", f"dev={state}")
    assert pull.code == 0, pull.said
    _, _, pending = pull.comment.partition("#### Not applied yet")
    assert "| `old` (Server), stack `dev` | delete |" in pending
    assert "| `spam-local-server` (Server), stack `dev` | new |" in pending


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--base", "nothing"], "Not a valid object name nothing. A shallow checkout lacks it"),
        (["--base", "--output=x"], "--base --output=x\n  is no revision."),
        (["--state", "state.json"], "say whose it is: STACK=FILE."),
        (["--state", "prod=state.json"], "the project has no such stack."),
        (["--state", "dev=state.json"], "state.json\n  no deployment export"),
    ],
)
def test_wrong_usage_says_what_is_wrong(pull, words, said):
    pull.train("fraud", 3.0)
    assert pull.preview(*words) is None
    assert pull.code == 2
    assert said in pull.said


def test_a_project_outside_git_says_so(pull):
    shutil.rmtree(pull.folder / ".git")
    pull.env["GIT_CEILING_DIRECTORIES"] = str(pull.folder.parent)
    assert pull.preview() is None
    assert (pull.code, "not a git repository" in pull.said) == (2, True)


def test_wrong_gates_of_the_base_say_what_is_allowed(pull):
    pull.write("policies/gates.yaml", "violations: fail\n")
    pull.merge()
    pull.train("fraud", 3.0)
    assert pull.preview() is None
    assert "violations\n  no such gate. Did you mean violation?" in pull.said


ALONE = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
"""What runs a command where there is no network but loopback, where the machine lets us."""


def is_possible():
    return shutil.which("unshare") and subprocess.run([*ALONE, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not is_possible(), reason="unshare and ip cannot take the network away here")
def test_a_fork_s_pull_request_needs_neither_environment_nor_home_nor_network(pull):
    pull.train("fraud", 3.0)
    summary = pull.preview_apart(env={"PATH": os.defpath}, prefix=ALONE)
    assert pull.code == 0, pull.said
    assert changed(summary) == {("fraud", "local"): [("fraud-local-server", "in place")]}
