"""Events: those of Pulumi's own engine for the same programs, and never a secret."""

import json

import pytest
from support.events import by_resource, recorded_chains
from support.nurseries import lent

from modelport_engine import deployment
from modelport_engine.projects.project import Project
from modelport_engine.state.resource import Resource
from modelport_engine.update.events import Events, internal
from modelport_engine.update.steps import Op, Step

SECRET = "hunter2"
# A provider reads a secret back in the open, and Pulumi's engine then has it so; this one keeps it a secret.
SECRETS_LOST = {"refresh", "destroy"}
NOT_COMPARED = ("debug", "info#err")  # what SDK and plugins log of themselves, and tracebacks of an interrupted program


def perform(bench, run, tmp_path):
    """Do with this engine what was recorded with Pulumi's; returns the events that `--json` would show."""
    bench.configure(["password"], **run["config"])
    if "drift" in run:
        changed, gone = run["drift"]
        cloud = {id: value | changed.get(id, {}) for id, value in bench.cloud.items() if id not in gone}
        bench.cloud_file.write_text(json.dumps(cloud))
    packs = [bench.folder.parent / name for name in run.get("packs", ())]
    file = tmp_path / "policies.json"
    file.write_text(json.dumps(run.get("pack_config", {})))
    options = deployment.Options(
        parallel=1,
        policy_packs=packs,
        policy_config=dict.fromkeys(packs, file),
        skip_preview="preview" not in run,
        nursery=lent(),
    )
    bench.events.clear()
    command = getattr(deployment, run["command"])
    only_preview = {"confirm": lambda _: False} if "preview" in run else {}
    result = command(
        Project.load(bench.folder), "dev", options, on_event=bench.events.append, env=bench.env, **only_preview
    )
    assert result.exit_code == run["exit_code"] or only_preview, bench.errors()
    shown = [event for event in bench.events if not internal(event)]
    return [each for each in shown if each.get("diagnosticEvent", {}).get("severity") not in NOT_COMPARED]


def told(events, bench, run):
    text = json.dumps(events).replace(str(bench.folder.parent), "/projects")
    return by_resource(json.loads(text), failed=run["exit_code"] != 0, secrecy=run["name"] not in SECRETS_LOST)


def course(told):
    """How far it came: begun, done or failed."""
    return [kind for kind, _ in told]


@pytest.mark.parametrize("chain", recorded_chains())
def test_a_run_tells_of_each_resource_what_pulumi_tells_and_no_secret(chain, workbench, tmp_path):
    recorded = recorded_chains()[chain]
    bench = workbench(recorded["project"])
    uneven = set()
    for run in recorded["runs"]:
        events = perform(bench, run, tmp_path)
        ours, theirs = told(events, bench, run), told(run["events"], bench, run)
        failed = run["exit_code"] != 0
        assert failed or ours.keys() == theirs.keys(), run["name"]
        alike = {urn for urn in ours.keys() & theirs.keys() if course(ours[urn]) == course(theirs[urn])}
        # It is chance whose turn came before a failure; until a run succeeds the two have come to different states.
        uneven = uneven | (ours.keys() | theirs.keys()) - alike if failed else uneven
        for urn in ours.keys() & theirs.keys() - uneven:
            assert ours[urn] == theirs[urn], f"{run['name']} {urn}"
        uneven = uneven if failed else set()
        assert SECRET not in json.dumps(bench.events), run["name"]


@pytest.fixture
def heard():
    return []


@pytest.fixture
def events(heard):
    """Events of a run with two secrets in its config, one of them an object."""
    return Events(heard.append, [SECRET, '{"token": "tok\\"en", "on": true, "short": "ab"}'])


def test_secrets_are_hidden_in_messages_and_deep_in_values(events, heard):
    text = 'tok"en'
    events.diagnostic("error", f"login {SECRET}/{text} failed, as JSON {json.dumps(text)}, not ab nor true")
    state = Resource(urn="urn:pulumi:s::p::t:m:R::n", custom=True, type="t:m:R", inputs={"a": [{"b": f"x{SECRET}"}]})
    events.done(Step(Op.CREATE, None, state))
    assert SECRET not in json.dumps(heard)
    assert heard[0]["diagnosticEvent"]["message"].count("[secret]") == 3
    assert "not ab nor true" in heard[0]["diagnosticEvent"]["message"]
    assert heard[1]["resOutputsEvent"]["metadata"]["new"]["inputs"] == {"a": [{"b": "x[secret]"}]}


def test_the_text_of_an_asset_is_left_out(events):
    asset = {
        "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
        "hash": "h",
        "text": "a whole file",
    }
    assert events.values({"code": asset})["code"] == asset | {"text": "<contents elided>"}


def test_a_failed_step_says_whether_its_object_exists_and_how_its_kind_is_counted(workbench):
    bench = workbench("demo")
    bench.configure(["password"], mode="unready", region="r1", password=SECRET)
    assert bench.run("up", skip_preview=True, parallel=1).exit_code == 1
    (failure,) = bench.bodies("resOpFailedEvent")
    assert failure["status"] == 1
    assert failure["steps"] == sum(bench.bodies("summaryEvent")[0]["resourceChanges"].values())
    assert failure["metadata"]["new"]["initErrors"] == ["still starting"]


def test_a_resource_whose_name_begins_with_default_is_shown_and_counted(events, heard):
    events.done(Step(Op.CREATE, None, Resource(urn="urn:pulumi:s::p::t:m:R::default-vpc", custom=True, type="t:m:R")))
    provider = Resource(urn="urn:pulumi:s::p::pulumi:providers:t::default_1", custom=True, type="pulumi:providers:t")
    events.done(Step(Op.CREATE, None, provider))
    assert [internal(event) for event in heard] == [False, True]
