import json
import re

import pytest

from modelport_engine.__main__ import main


@pytest.fixture
def bench(workbench):
    """Project demo4 with its config."""
    bench = workbench("demo4")
    bench.configure(mode="base", region="r1")
    return bench


@pytest.fixture
def run(bench, monkeypatch, capsys):
    """Run a command of the engine in project demo4; returns exit code, standard output and standard error."""
    for name, value in bench.env.items():
        monkeypatch.setenv(name, value)

    def run_command(command, *arguments):
        code = main([command, "--cwd", str(bench.folder), "--stack", "dev", *arguments])
        return (code, *capsys.readouterr())

    return run_command


def test_an_update_shows_each_change_the_sum_and_the_outputs_and_the_next_one_none(run):
    code, out, error = run("up", "--yes", "--skip-preview")
    assert (code, error) == (0, "")
    assert " +  sim:index:Bucket a\n" in out
    assert "run succeeded" in out
    assert out.endswith('Outputs:\n    aArn: "arn:sim:a"\n')
    code, out, _ = run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert code == 0
    assert "sim:index" not in out
    assert "7 same" in out


def test_events_are_json_lines_and_nothing_else(run):
    code, out, error = run("preview", "--json")
    assert (code, error) == (0, "")
    events = [json.loads(line) for line in out.splitlines()]
    numbers = [event["sequence"] for event in events]
    assert numbers == sorted(set(numbers))
    assert events[-2]["summaryEvent"]["isPreview"] is True


def test_what_the_sdk_says_of_its_own_work_is_among_the_json_events_and_is_not_asked_for_otherwise(run, bench):
    _, out, _ = run("preview", "--json")
    assert '"registering resource: ty=sim:index:Bucket, name=a, custom=True, remote=False\\n"' in out
    bench.run("preview")
    assert not [said for said in bench.bodies("diagnosticEvent") if said["message"].startswith("registering")]


def test_a_failure_is_told_on_standard_error_and_by_the_exit_code(run, monkeypatch):
    run("up", "--yes", "--skip-preview")
    code, out, error = run("up", "--yes", "--skip-preview", "--policy-pack", "nowhere")
    assert code == 1
    assert "nowhere" in out + error


def test_a_destroyed_stack_has_nothing_left(run):
    run("up", "--yes", "--skip-preview")
    code, out, _ = run("destroy", "--yes", "--skip-preview")
    assert code == 0
    assert " -  sim:index:Bucket a\n" in out
    assert json.loads(run("export")[1])["deployment"].get("resources") is None


def test_what_a_program_prints_and_policies_say_is_shown_and_their_verdicts_are_counted(run, bench):
    program = bench.folder / "__main__.py"
    program.write_text(
        program.read_text() + 'print("hello from the program")\nimport sys; print("oh", file=sys.stderr)\n'
    )
    pack = bench.folder.parent / "rules"
    code, out, error = run("preview", "--policy-pack", str(pack), "--fail-on-undecided")
    assert code == 1
    assert "hello from the program" in out
    assert "oh\n" in error
    assert "undecided: arns: can't run policy 'arns'" in error
    assert "remediated: owner\n  urn:pulumi:dev::demo4::sim:index:Bucket::a" in error
    assert "2 policies could not be decided" in error
    assert re.search(r"policies: \d+ evaluated, \d+ not applicable, 2 undecided\n", out)


def test_json_leaves_out_what_pulumi_leaves_out(run):
    _, out, _ = run("up", "--yes", "--skip-preview", "--json")
    assert "pulumi:providers:sim::default" in out  # as the provider of others
    steps = [json.loads(line) for line in out.splitlines() if "metadata" in line]
    assert all("default" not in str(step.get("resourcePreEvent", {}).get("metadata", {}).get("urn")) for step in steps)
