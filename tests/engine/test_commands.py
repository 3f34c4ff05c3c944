import io
import json

import pytest
from support.states import recorded, recorded_states

from modelport_engine.__main__ import main
from modelport_engine.projects.stack import Stack
from modelport_engine.projects.stack_config import set_value
from modelport_engine.state.secrets import Secrets
from modelport_engine.state.snapshot import deployment_of

OUTPUTS = {"plainList": [1, 2.5, "x", True, None], "secretPw": "[secret]", "url": "http://arn:sim:site-server-6cca80f"}


@pytest.fixture(autouse=True)
def _environment(env, monkeypatch):
    for name, value in env.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def run(project_folder, capsys):
    """Run a command in the project; returns exit code, standard output and standard error."""

    def run_command(command, *arguments, stack="dev"):
        named = ["--stack", stack] if stack else []
        code = main([command, "--cwd", str(project_folder), *named, *map(str, arguments)])
        return (code, *capsys.readouterr())

    return run_command


def test_outputs_hide_secrets_unless_asked(run, put_state):
    put_state("01-up-first")
    code, out, _ = run("outputs")
    assert (code, json.loads(out)) == (0, OUTPUTS)
    _, out, _ = run("outputs", "--show-secrets")
    assert json.loads(out) == OUTPUTS | {"secretPw": "hunter2"}


def test_an_export_is_the_text_that_pulumi_prints(run, put_state):
    for scenario in ("01-up-first", "60g-up-after-cancel", "19d-destroy"):
        put_state(scenario)
        assert run("export") == (0, recorded_states()[f"{scenario}/export"], "")


def test_an_export_shows_secrets_as_pulumi_does(run, put_state):
    put_state("18c-export-secrets")
    _, out, _ = run("export", "--show-secrets")
    assert json.loads(out) == recorded("18c-export-secrets/shown")


@pytest.mark.parametrize("export", ["01-up-first/export", "18c-export-secrets/shown"])
def test_an_export_is_imported_and_secrets_stay_encrypted(run, backend, tmp_path, project, export):
    (tmp_path / "export.json").write_text(recorded_states()[export])
    assert run("import", "--file", tmp_path / "export.json") == (0, "Import complete.\n", "")
    file = backend.root / ".pulumi/stacks/demo/dev.json"
    assert "hunter2" not in file.read_text()
    assert Stack.open(project, "dev").config == {}
    _, out, _ = run("outputs", "--show-secrets")
    assert json.loads(out)["secretPw"] == "hunter2"
    mine, theirs = deployment_of(json.loads(file.read_text())), recorded(export)["deployment"]
    assert [each["urn"] for each in mine["resources"]] == [each["urn"] for each in theirs["resources"]]
    assert mine["secrets_providers"] == theirs["secrets_providers"]


def test_an_import_reads_standard_input(run, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(recorded_states()["01-up-first/export"]))
    assert run("import")[0] == 0
    assert json.loads(run("outputs")[1]) == OUTPUTS


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "cannot read an export from"),
        ("[]", "this is not a state"),
        ('{"version": 3, "deployment": {"resources": [{"urn": "urn:x"}]}}', "urn:x lacks the field 'custom'"),
        ('{"version": 3, "deployment": {"resources": 3}}', "the state is damaged"),
        (recorded_states()["40b-p1-up-noop/export"], "does not belong to stack dev of project demo"),
        ('{"version": 9, "deployment": {}}', "state version 9 is not supported"),
    ],
)
def test_what_is_no_export_of_the_stack_is_refused_and_changes_nothing(run, put_state, tmp_path, text, problem):
    file = put_state("01-up-first")
    before = file.read_text()
    (tmp_path / "export.json").write_text(text)
    code, _, error = run("import", "--file", tmp_path / "export.json")
    assert code == 1
    assert problem in error
    assert file.read_text() == before


def test_stacks_are_those_with_state_and_those_with_config(run, backend, put_state, project_folder):
    put_state("01-up-first").with_name("old.json").write_text("{}")
    (project_folder / "Pulumi.new.yaml").touch()
    assert run("stacks", stack=None) == (0, "dev\nnew\nold\n", "")


def test_cancel_removes_the_lock_that_a_killed_update_left(run, backend, put_state, project):
    put_state("01-up-first")
    stack = Stack.open(project, "dev")
    folder = backend.lock_folder(stack.name)
    folder.mkdir(parents=True)
    (folder / "a.json").write_text('{"pid":1,"username":"u","hostname":"h","timestamp":"2026-11-21T02:37:42Z"}')
    code, out, error = run("cancel")
    assert (code, out) == (0, "The currently running update for 'dev' has been canceled!\n")
    assert "created by u@h (pid 1)" in error
    with stack.lock():
        pass


def test_a_stack_that_nobody_knows_is_told_with_those_that_exist(run, put_state):
    put_state("01-up-first")
    code, _, error = run("outputs", stack="prod")
    assert code == 2
    assert "no stack named 'prod' found" in error
    assert "Stacks of demo: dev." in error


def test_a_new_stack_has_no_outputs_and_no_state_to_export(run):
    assert run("outputs") == (0, "{}\n", "")
    code, _, error = run("export")
    assert code == 1
    assert "run `up` first" in error


def test_a_wrong_passphrase_is_told(run, put_state, monkeypatch):
    put_state("01-up-first")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    assert run("outputs") == (1, "", "error: incorrect passphrase\n")


def test_state_and_config_with_different_salts_are_both_read(run, put_state, project_folder, project):
    put_state("01-up-first")
    set_value(project_folder / "Pulumi.dev.yaml", "demo:password", "swordfish", Secrets("x"))
    stack = Stack.open(project, "dev")
    assert stack.config == {"demo:password": "swordfish"}
    assert stack.snapshot.outputs["secretPw"].value == "hunter2"


def test_a_lock_is_held_over_the_state_as_it_then_is(put_state, project):
    put_state("01-up-first")
    stack = Stack.open(project, "dev")
    put_state("19d-destroy")
    with stack.lock():
        assert stack.snapshot.resources == []


def test_nothing_is_changed_without_a_yes_or_a_terminal(run, put_state):
    file = put_state("01-up-first")
    before = file.read_text()
    code, _, error = run("destroy")
    assert code == 2
    assert "--yes must be passed in" in error
    assert file.read_text() == before
