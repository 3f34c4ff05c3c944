"""The same programs under this engine as under Pulumi's: the same requests for each resource, the same state."""

import json

import pytest
from support.conversations import Conversation, by_resource
from support.normalised import SECRETS_LOST
from support.runs import RECORDINGS, comparable_calls, comparable_resources, orders, recorded_runs

RECORDED = 119  # runs of Pulumi's own engine, all in all
DRIFT = {
    "06b-refresh": ({"ign-de3f9be": {"size": 99}}, {"roc-6df186b"}),
    "43c-up-delete-ok": ({"f": {"faildelete": False}}, set()),
    "47b-up-with-refresh": ({}, {"g"}),
}


def cloud_of(deployment, scenario):
    """The objects that the recorded state knows, after what happened to them behind the engine's back."""
    changed, gone = DRIFT.get(scenario, ({}, set()))
    resources = deployment.get("resources", []) if deployment else []
    objects = {each["id"]: plain(each["outputs"]) for each in resources if each["type"].startswith("sim:")}
    changed = {id: objects.get(id, {}) | values for id, values in changed.items()}
    return {id: value for id, value in (objects | changed).items() if id not in gone}


def plain(outputs):
    return {
        key: "hunter2" if isinstance(value, dict) and "ciphertext" in value else value
        for key, value in outputs.items()
        if key != "arn"
    }


@pytest.mark.parametrize("scenario", recorded_runs())
def test_a_recorded_run_is_repeated_with_the_same_requests_and_leaves_the_same_state(scenario, workbench, monkeypatch):
    run = recorded_runs()[scenario]
    bench = workbench(run["project"])
    if run["before"]:
        bench.put_state(run["before"])
    bench.put_outputs("demo4", aArn="arn:sim:a")  # of another stack, which a program may refer to
    bench.cloud_file.write_text(json.dumps(cloud_of(run["before"], scenario)))
    config = {key.partition(":")[2]: value for key, value in (run["config"] or {}).items()}
    bench.configure([key.partition(":")[2] for key in run["secret_keys"]], **config)

    heard = Conversation(monkeypatch)
    packs = [bench.folder.parent / "pack"] if run["packs"] else []
    options = run.get("options", {})
    result = bench.run(run["command"], skip_preview=True, parallel=run["parallel"], policy_packs=packs, **options)

    assert result.exit_code == run["exit_code"], bench.errors()
    if run["after"]:
        ours, theirs = states(run, bench, secrecy=scenario not in SECRETS_LOST)
        assert ours == theirs
    if run["exit_code"] == 0:  # after a failure it is chance how far independent resources came
        assert comparable_calls(heard.calls) == comparable_calls(run["calls"])
        if run["command"] != "refresh" and not options.get("refresh"):  # which looks at everything side by side
            known = run["before"], run["after"]
            assert orders(run["calls"], *known) <= orders(heard.calls, *known)
        assert by_resource(heard.answers) == by_resource(run["answers"])
        assert by_resource(heard.verdicts) == by_resource(run["verdicts"])
        assert by_resource(heard.transforms) == by_resource(run["transforms"])


def states(run, bench, *, secrecy):
    """The state after the run, and the recorded one.

    It is chance how far independent resources came before a failure: one that stands as it was before, and whether a
    component has its outputs, is as good.
    """
    recorded = (run["before"] or run["after"], bench.state, run["after"])
    before, ours, theirs = (comparable_resources(state, secrecy=secrecy) for state in recorded)
    if run["exit_code"]:
        theirs |= {key: entry for key, entry in before.items() if key in theirs and ours.get(key) == entry}
        for component in [each for each in (*ours.values(), *theirs.values()) if not each["custom"]]:
            component.pop("outputs", None)
    return ours, theirs


def test_every_recorded_run_is_replayed_or_stands_in_the_list_with_its_reason():
    index = json.loads((RECORDINGS.parent / "index.json").read_text())
    listed, others = index["not replayed"], [*index["need the Go provider"], *index["need a package registry"]]

    assert len(recorded_runs()) + len(index["elsewhere"]) + len(listed) + len(others) == RECORDED
    assert not recorded_runs().keys() & {*listed, *others}
    assert len(listed) <= 20
    assert all(listed.values())
