"""What goes wrong, and what remains."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

SLOW_SECONDS = 4


@pytest.fixture
def demo(workbench):
    bench = workbench("demo")
    bench.configure(mode="base", region="r1", password="p", delay=str(SLOW_SECONDS))
    return bench


def pending(bench):
    """By name, what state says is under way; other resources may have been, too."""
    return {each["resource"]["urn"].rpartition("::")[2]: each["type"] for each in bench.state["pending_operations"]}


def names(bench):
    return {each["urn"].rpartition("::")[2] for each in bench.state["resources"]}


def test_a_failed_create_keeps_what_was_made_and_deletes_nothing(demo):
    demo.run("up", skip_preview=True)
    demo.configure(mode="fail")

    assert demo.run("up", skip_preview=True).exit_code == 1

    assert "no room for bad" in demo.errors()
    assert "after" not in names(demo)
    assert "pending_operations" not in demo.state


def test_a_preview_that_fails_stops_up(demo):
    demo.configure(mode="nonsense", region="")
    (demo.folder / "__main__.py").write_text("raise ValueError('no such mode')")

    assert demo.run("up").exit_code == 1
    assert demo.errors().count("ValueError: no such mode") == 1
    assert not demo.state_file.exists()


def test_an_object_that_is_made_but_not_ready_is_kept_and_tried_again(demo):
    demo.configure(mode="unready")

    assert demo.run("up", skip_preview=True).exit_code == 1
    assert "still starting" in demo.errors()
    unready = next(each for each in demo.state["resources"] if each["urn"].endswith("::unready"))
    assert unready["initErrors"] == ["still starting"]

    assert demo.run("up", skip_preview=True).exit_code == 0, demo.errors()
    assert ("update", "unready") in demo.steps()


def test_a_plugin_that_dies_is_named_with_its_last_words_and_the_operation_stays_pending(demo):
    demo.configure(mode="crash")

    assert demo.run("up", skip_preview=True).exit_code == 1

    assert "plugin sim ended with exit code 3" in demo.errors()
    assert "sim: out of memory" in demo.errors()
    assert pending(demo)["crash"] == "creating"


def test_a_missing_plugin_is_named_with_the_command_that_installs_it(demo):
    (demo.folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")

    assert demo.run("up", skip_preview=True).exit_code == 1
    assert "pulumi plugin install resource sim" in demo.errors()


def test_a_mandatory_policy_stops_up_before_anything_is_made_and_a_preview_runs_to_its_end(demo):
    demo.configure(mode="big")
    pack = demo.folder.parent / "pack"

    assert demo.run("up", policy_packs=[pack]).exit_code == 1
    violations = {body["policyName"] for body in demo.bodies("policyEvent") if body["enforcementLevel"] == "mandatory"}
    assert violations == {"max-size"}
    assert not demo.cloud_file.exists()
    assert ("create", "viap") in demo.steps()


def test_a_policy_pack_that_does_not_start_stops_the_run_with_its_output(demo):
    pack = demo.folder.parent / "pack"
    (pack / "__main__.py").write_text("raise SystemExit('this pack is broken')")

    assert demo.run("up", policy_packs=[pack]).exit_code == 1
    assert "this pack is broken" in demo.errors()


@pytest.fixture
def started(demo):
    """`up` in a process of its own, at the moment when a slow create has begun."""
    demo.configure(mode="slow")
    command = [sys.executable, "-m", "modelport_engine", "up", "--cwd", demo.folder, "--stack", "dev", "--yes", "-f"]
    process = subprocess.Popen(command, env=demo.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None and not creating(demo):
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def creating(bench):
    return (
        any(method == "Create" and call["name"] == "slow" for method, call in bench.calls)
        if bench.calls_file.exists()
        else False
    )


def test_one_interrupt_waits_for_what_is_running_and_records_it(demo, started):
    started.send_signal(signal.SIGINT)
    output, _ = started.communicate(timeout=60)

    assert started.returncode == 1, output
    assert "^C received; cancelling" in output
    assert "update canceled" in output
    assert {"slow"} <= names(demo)
    assert "after-slow" not in names(demo)
    assert "pending_operations" not in demo.state


def test_two_interrupts_stop_at_once_and_leave_the_operation_pending(demo, started):
    started.send_signal(signal.SIGINT)
    time.sleep(0.5)
    started.send_signal(signal.SIGINT)
    output, _ = started.communicate(timeout=60)

    assert started.returncode == 8, output
    assert pending(demo)["slow"] == "creating"


def test_a_killed_engine_takes_its_children_along(demo, started):
    children = psutil.Process(started.pid).children(recursive=True)
    assert len(children) >= 2
    os.kill(started.pid, signal.SIGKILL)
    started.communicate()

    _, alive = psutil.wait_procs(children, timeout=30)

    assert alive == []
    assert pending(demo)["slow"] == "creating"
