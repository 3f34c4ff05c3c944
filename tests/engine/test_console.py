import json

import pytest

from modelport_engine.__main__ import main


@pytest.fixture
def run(workbench, monkeypatch, capsys):
    """Run a command of the engine in project demo4; returns exit code, standard output and standard error."""
    bench = workbench("demo4")
    bench.configure(mode="base", region="r1")
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
