"""`monitor rules`."""

import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ALERTS = "monitoring: {alerts: {notify: [ml@example.com, 'arn:aws:sns:eu-west-1:1:alarms']}}\n"


@pytest.fixture
def watched(project):
    """The project, with somebody to tell and a second service."""
    with (project / "services" / "fraud.yaml").open("a") as file:
        file.write(f"slo: {{availability: 99.9}}\n{ALERTS}")
    (project / "services" / "vision.yaml").write_text("metadata: {name: vision}\nmodel: {source: ../models/v.onnx}\n")
    stack = project / "Pulumi.local.yaml"
    stack.write_text(f"{stack.read_text()}  - vision\n")
    return project


def test_each_service_gets_its_rules_and_dashboard_and_all_share_the_routes(watched, modelport):
    answer = modelport("monitor", "rules", "-s", "local", "-o", "made/rules")
    of_each = [f"{service}.{kind}" for service in ("fraud", "vision") for kind in ("rules.yaml", "dashboard.json")]
    files = [*of_each, "alertmanager.yaml"]
    assert answer.code == 0
    assert answer.out.splitlines() == [
        *(f"made/rules/{name}  written" for name in files),
        "next: promtool check rules made/rules/*.rules.yaml",
    ]
    assert sorted(path.name for path in Path("made/rules").iterdir()) == sorted(files)
    (group,) = YAML(typ="safe").load(Path("made/rules/fraud.rules.yaml"))["groups"]
    assert "availability-burn-1h" in [rule["labels"].get("rule") for rule in group["rules"]]
    assert "service-down" in Path("made/rules/vision.rules.yaml").read_text()


def test_a_second_time_nothing_changes(watched, modelport):
    modelport("monitor", "rules", "-o", "rules")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in Path("rules").iterdir()}
    answer = modelport("monitor", "rules", "-o", "rules")
    assert [line.split()[-1] for line in answer.out.splitlines()[:-1]] == ["unchanged"] * 5
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in Path("rules").iterdir()} == before


def test_a_change_of_the_config_changes_the_files_that_it_is_about(watched, modelport):
    modelport("monitor", "rules", "-o", "rules")
    service = watched / "services" / "vision.yaml"
    service.write_text(service.read_text() + "scaling: {min: 3}\n")
    answer = modelport("monitor", "rules", "-o", "rules")
    assert [line.split()[-1] for line in answer.out.splitlines()[:-1]] == [
        *("unchanged", "unchanged", "written", "unchanged", "unchanged"),
    ]


def test_nobody_misses_instances_that_the_target_never_runs(watched, modelport):
    modelport("monitor", "rules", "-o", "rules")
    assert "instances-missing" not in Path("rules/fraud.rules.yaml").read_text()
    stack = watched / "Pulumi.local.yaml"
    stack.write_text(stack.read_text().replace("modelport:target: local", "modelport:target: kubernetes"))
    modelport("monitor", "rules", "-o", "rules")
    assert "instances-missing" in Path("rules/fraud.rules.yaml").read_text()


def test_a_receiver_that_alertmanager_does_not_know_is_said(watched, modelport):
    answer = modelport("monitor", "rules", "-o", "rules")
    assert answer.err.splitlines() == [
        "fraud: monitoring.alerts.notify: arn:aws:sns:eu-west-1:1:alarms",
        "  Alertmanager has no such receiver; it is left out.",
    ]
    assert "arn:" not in Path("rules/alertmanager.yaml").read_text()


def test_files_of_others_are_left_alone(watched, modelport):
    Path("rules").mkdir()
    Path("rules/own.rules.yaml").write_text("groups: []\n")
    assert modelport("monitor", "rules", "-o", "rules").code == 0
    assert Path("rules/own.rules.yaml").read_text() == "groups: []\n"


def test_a_file_of_that_name_that_is_not_ours_stops_before_anything_is_written(watched, modelport):
    Path("rules").mkdir()
    Path("rules/alertmanager.yaml").write_text("route: {receiver: mine}\n")
    answer = modelport("monitor", "rules", "-o", "rules")
    assert answer.code == 2
    assert answer.err.startswith('rules/alertmanager.yaml\n  exists, and does not say "Made by modelport')
    assert [path.name for path in Path("rules").iterdir()] == ["alertmanager.yaml"]


def test_a_stack_without_services_has_nothing_to_watch(project, modelport):
    (project / "Pulumi.local.yaml").write_text("config: {modelport:target: local, modelport:services: []}\n")
    answer = modelport("monitor", "rules", "-o", "rules")
    assert (answer.code, answer.out) == (0, "the stack has no services: nothing to watch\n")


def test_what_is_in_the_way_is_said(project, modelport):
    (project / "rules").write_text("")
    answer = modelport("monitor", "rules", "-o", "rules")
    assert answer.code == 2
    assert answer.err.startswith("rules")
    assert "Name another folder" in answer.err


def test_alerts_link_to_where_the_runbooks_are(project, modelport):
    modelport("monitor", "rules", "-o", "rules", "--runbooks", "https://wiki.example.com/runbooks")
    assert "https://wiki.example.com/runbooks/service-down.md" in Path("rules/fraud.rules.yaml").read_text()


def test_a_stack_says_where_the_runbooks_are_and_who_hears_of_all_services(project, modelport):
    stack = project / "Pulumi.local.yaml"
    existing = "{runbooks: 'https://wiki.example.com/run', topic: 'https://example.com/hook'}"
    stack.write_text(f"{stack.read_text()}  modelport:existing: {existing}\n")
    modelport("monitor", "rules", "-o", "rules")
    assert "https://wiki.example.com/run/service-down.md" in Path("rules/fraud.rules.yaml").read_text()
    assert "url: https://example.com/hook" in Path("rules/alertmanager.yaml").read_text()
    modelport("monitor", "rules", "-o", "rules", "--runbooks", "https://elsewhere.example.com")
    assert "https://elsewhere.example.com/service-down.md" in Path("rules/fraud.rules.yaml").read_text()


def test_a_password_in_an_address_is_refused(project, modelport):
    with (project / "services" / "fraud.yaml").open("a") as file:
        file.write("monitoring: {alerts: {notify: ['https://me:hunter2@example.com/hook']}}\n")
    answer = modelport("monitor", "rules", "-o", "rules")
    assert answer.code == 2
    assert "monitoring.alerts.notify" in answer.err
    assert "hunter2" not in answer.err
    assert not Path("rules").exists()


@pytest.mark.program("promtool")
def test_the_next_command_is_satisfied(watched, modelport):
    answer = modelport("monitor", "rules", "-o", "rules")
    command = answer.out.splitlines()[-1].removeprefix("next: ")
    assert subprocess.run(["sh", "-c", command], capture_output=True).returncode == 0
