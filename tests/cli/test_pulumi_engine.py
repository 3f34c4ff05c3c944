"""The engine `pulumi`: an installed program, here one that notes how it is called and plays a few events."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.console import Console

import modelport_policies

SERVER = {"urn": "urn:pulumi:dev::test::modelport:local:Server::fraud-local-server", "op": "create"}
EVENTS = [
    {"preludeEvent": {"config": {}}},
    {"resourcePreEvent": {"metadata": {**SERVER, "old": None, "new": {"custom": True, "inputs": {}}}}},
    {"resOutputsEvent": {"metadata": {**SERVER, "old": None, "new": {"custom": True, "outputs": {}}}}},
    {"summaryEvent": {"isPreview": False, "result": "succeeded"}},
]
VIOLATION = {"policyName": "NET-01", "message": "NET-01 private\nopen", "enforcementLevel": "mandatory"}
ENDPOINT = {"url": "http://127.0.0.1:8080/v2/models/fraud"}
OUTPUTS = {"services": {"fraud": {"model": {"digest": "sha256:0"}, "targets": {"local": {"endpoint": ENDPOINT}}}}}
SCRIPT = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path

folder = Path(__file__).parent
kept = {{name: os.environ.get(name) for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PATH")}}
with (folder / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps({{"argv": sys.argv[1:], "cwd": os.getcwd(), "env": kept}}) + "\\n")
part = json.loads((folder / "part.json").read_text()).get(sys.argv[1], {{}})
for line in part.get("lines", []):
    print(line if isinstance(line, str) else json.dumps(line))
print(part.get("error", ""), file=sys.stderr)
sys.exit(part.get("code", 0))
"""


@dataclass
class Pulumi:
    """What `pulumi` does for each of its commands, and how it was called."""

    folder: Path
    part: dict = field(default_factory=dict)

    def plays(self, command, *lines, code=0, error=""):
        self.part[command] = {"lines": lines, "code": code, "error": error}
        (self.folder / "part.json").write_text(json.dumps(self.part))

    @property
    def calls(self):
        return [json.loads(line) for line in (self.folder / "calls.jsonl").read_text().splitlines()]

    @property
    def commands(self):
        """The commands that it was given, each without the options that all have."""
        return [[word for word in call["argv"] if word not in COMMON] for call in self.calls]


PACK = ["--policy-pack", str(modelport_policies.path())]
COMMON = ("--non-interactive", "--stack", "dev", "--json")
SELECT = ["stack", "select", "--create"]
OUTPUT = ["stack", "output"]


@pytest.fixture
def console(tmp_path):
    with Console(tmp_path / "project") as console:
        yield console


@pytest.fixture
def pulumi(console, tmp_path):
    """An installed `pulumi`."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pulumi"
    program.write_text(SCRIPT)
    program.chmod(0o755)
    console.env["PATH"] = f"{program.parent}:{console.env['PATH']}"
    installed = Pulumi(program.parent)
    for command in ("preview", "up", "refresh", "destroy"):
        installed.plays(command, *EVENTS)
    installed.plays("stack", json.dumps(OUTPUTS))
    return installed


def test_an_installed_pulumi_is_the_engine_that_runs_unless_another_is_asked_for(console, pulumi):
    assert "pulumi" in console.run("preview").out.splitlines()[0]
    assert pulumi.commands == [SELECT, ["preview", *PACK]]


@pytest.mark.parametrize(("changes", "code"), [({"same": 3, "read": 1}, 0), ({"same": 2, "update": 2}, 1)])
def test_it_is_asked_to_look_at_what_exists_and_its_own_count_of_changes_is_taken(console, pulumi, changes, code):
    summary = {"summaryEvent": {"isPreview": True, "result": "succeeded", "resourceChanges": changes}}
    pulumi.plays("preview", EVENTS[0], summary)
    answer = console.run("preview", "--refresh", "--expect-no-changes")
    assert (answer.code, pulumi.commands) == (code, [SELECT, ["preview", "--refresh", *PACK]])
    assert ("2 changes where none is expected" in answer.err) == bool(code)


def test_up_previews_with_the_policies_before_it_changes_anything(console, pulumi):
    answer = console.run("up", "--yes")
    assert answer.code == 0, answer
    assert pulumi.commands == [SELECT, ["preview", *PACK], ["up", "--yes", "--skip-preview", *PACK], OUTPUT]
    assert "1 created" in answer.out
    assert answer.out.splitlines()[-2:] == [ENDPOINT["url"], "next: modelport invoke fraud -s dev"]


@pytest.mark.parametrize("operation", ["refresh", "destroy"])
def test_refresh_and_destroy_are_not_judged(console, pulumi, operation):
    assert console.run(operation, "--yes").code == 0
    assert pulumi.commands == [SELECT, [operation, "--yes", "--skip-preview"]]


def test_a_policy_violation_stops_up_after_the_preview(console, pulumi):
    pulumi.plays("preview", EVENTS[0], {"policyEvent": {**VIOLATION, "resourceUrn": SERVER["urn"]}}, code=255)
    answer = console.run("up", "--yes")
    assert answer.code == 3
    assert pulumi.commands[-1] == ["preview", *PACK]
    assert "fraud-local-server: open" in answer.err


def test_a_refusal_is_found_in_its_messages(console, pulumi):
    refusal = {"severity": "error", "message": "error: MP401 refused by local: no.\n1 problem, nothing was changed."}
    pulumi.plays("preview", EVENTS[0], {"diagnosticEvent": refusal}, code=255)
    assert console.run("up", "--yes").code == 4


def test_it_runs_in_the_project_with_the_state_the_secret_and_our_python(console, pulumi):
    console.run("preview")
    for call in pulumi.calls:
        assert call["cwd"] == str(console.folder)
        assert call["env"]["PULUMI_BACKEND_URL"] == console.env["PULUMI_BACKEND_URL"]
        assert call["env"]["PULUMI_CONFIG_PASSPHRASE"] == "x"
        assert call["env"]["PATH"].split(":")[0] == str(Path(sys.executable).parent)


def test_what_it_says_beside_its_events_does_not_get_into_json(console, pulumi):
    pulumi.plays("preview", "warning: a new version is available", *EVENTS)
    answer = console.run("preview", "--json")
    assert answer.code == 0
    assert answer.events == EVENTS
    assert "a new version" in answer.err


def test_what_stops_it_before_it_runs_is_passed_on(console, pulumi):
    pulumi.plays("stack", code=255, error="error: no access to the backend")
    answer = console.run("up", "--yes")
    assert (answer.code, pulumi.commands) == (1, [SELECT])
    assert "no access to the backend" in answer.err


def test_the_embedded_engine_can_be_asked_for_beside_it(console, pulumi):
    answer = console.run("outputs", "--engine", "embedded", "--json")
    assert (answer.code, answer.json) == (0, {})
    assert not (pulumi.folder / "calls.jsonl").exists()


def test_pulumi_can_only_be_asked_for_where_it_is_installed(console):
    answer = console.run("up", "--yes", "--engine", "pulumi")
    assert (answer.code, answer.out) == (2, "")
    assert "--engine embedded" in answer.err


def test_an_unknown_engine_is_wrong_usage(console):
    answer = console.run("up", "--yes", "--engine", "terraform")
    assert (answer.code, answer.out) == (2, "")
    assert "auto, pulumi, embedded" in answer.err
