"""`preview`, `up`, `refresh`, `destroy`, `outputs` and `invoke` on the embedded engine and the target `local`."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psutil
import pytest
from support.console import REQUEST, SERVER, Console, predict


@pytest.fixture
def console(tmp_path):
    with Console(tmp_path / "project") as console:
        yield console


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A stack that is up and is only read, and the answer of that `up`."""
    with Console(tmp_path_factory.mktemp("served") / "project") as console:
        yield console, console.run("up", "-s", "dev", "--yes")


def files(console):
    return {str(path.relative_to(console.folder)) for path in console.folder.rglob("*") if path.is_file()}


@contextmanager
def asked(address):
    """Ask for predictions without a pause, each on a connection of its own; gives the answers. All have to succeed."""
    answers, done = [], threading.Event()

    def ask():
        while not done.is_set():
            answers.append(tuple(predict(address)))

    with ThreadPoolExecutor() as threads:
        asking = threads.submit(ask)
        try:
            yield answers
        finally:
            done.set()
        asking.result()


def test_up_says_what_it_made_where_it_is_and_what_to_type_next(served):
    console, answer = served
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0].split() == ["dev", "embedded", "engine"]
    assert lines[1].split()[:3] == ["+", "server", SERVER]
    assert lines[1].endswith("sample answered")
    assert "1 created" in answer.out
    assert lines[-2:] == [console.url, "next: modelport invoke fraud -s dev"]
    assert predict(console.url) == [2, 4, 6]


def test_a_second_up_says_that_nothing_changes(served):
    answer = served[0].run("up", "--yes")
    assert answer.code == 0
    assert "nothing changes" in answer.out
    assert "created" not in answer.out


def test_outputs_say_what_tools_need(served):
    answer = served[0].run("outputs", "--json")
    assert (answer.code, answer.err) == (0, "")
    fraud = answer.json["services"]["fraud"]
    assert fraud["model"]["digest"].startswith("sha256:")
    made = fraud["targets"]["local"]
    assert set(made) == {"endpoint", "image", "live", "dashboards", "alerts", "capture_location", "logs", "invoke"}
    assert set(made["endpoint"]) == {"url", "auth", "health_url", "protocols"}
    assert set(made["endpoint"]["auth"]) == {"kind", "audience", "principal"}
    assert [set(live) for live in made["live"]] == [{"version", "digest", "weight"}]


def test_outputs_for_people_name_url_live_versions_and_logs(served):
    console, _ = served
    answer = console.run("outputs")
    assert (answer.code, answer.err) == (0, "")
    assert "fraud on local" in answer.out
    assert console.url in answer.out
    assert "100 %" in answer.out
    assert answer.out.splitlines()[-1] == "next: modelport invoke fraud -s dev"


def test_invoke_sends_the_sample_of_the_bundle(served):
    answer = served[0].run("invoke", "fraud")
    assert answer.code == 0
    assert answer.out.startswith("y  FP32[")
    assert "sample.json" in answer.err


def test_invoke_sends_a_file_and_gives_the_answer_as_it_came(served, tmp_path):
    (tmp_path / "request.json").write_text(json.dumps(REQUEST))
    answer = served[0].run("invoke", "fraud", "--data", str(tmp_path / "request.json"), "--raw")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json["outputs"][0]["data"] == [2, 4, 6]


def test_invoke_says_what_the_server_objects_to(served, tmp_path):
    (tmp_path / "request.json").write_text('{"inputs": []}')
    answer = served[0].run("invoke", "fraud", "--data", str(tmp_path / "request.json"))
    assert (answer.code, answer.out) == (1, "")
    assert "answered 400" in answer.err


def test_invoke_says_which_command_may_reach_an_address_that_this_machine_does_not_know(served, monkeypatch):
    from modelport.cli.commands import invoke

    deployed = invoke._deployed

    def elsewhere(*args):
        target, made, digest = deployed(*args)
        endpoint = {"url": "http://fraud.team.svc.invalid"}
        return target, {**made, "endpoint": endpoint, "invoke": "kubectl port-forward"}, digest

    monkeypatch.setattr(invoke, "_deployed", elsewhere)
    answer = served[0].run("invoke", "fraud")
    assert answer.code == 1
    assert "is private: this machine does not know the address" in answer.err
    assert answer.err.endswith("  kubectl port-forward\n")


def test_invoke_shows_a_token_to_a_service_that_wants_one_and_to_no_other(served, monkeypatch):
    from modelport.cli.commands import invoke

    deployed, post, shown = invoke._deployed, invoke._post, []

    def wanting(kind):
        def there(*args):
            target, made, digest = deployed(*args)
            endpoint = {**made["endpoint"], "auth": {"kind": kind}}
            return target, {**made, "endpoint": endpoint, "invoke": "kubectl get"}, digest

        monkeypatch.setattr(invoke, "_deployed", there)

    def noted(url, body, identity, otherwise):
        shown.append(identity)
        return post(url, body, identity, otherwise)

    monkeypatch.setattr(invoke, "_post", noted)
    monkeypatch.delitem(served[0].env, "TOKEN", raising=False)
    wanting("bearer")
    answer = served[0].run("invoke", "fraud")
    assert (answer.code, shown) == (2, [])
    assert "TOKEN\n  is not set" in answer.err
    assert answer.err.endswith("  kubectl get\n")
    monkeypatch.setitem(served[0].env, "TOKEN", "sesame")
    assert served[0].run("invoke", "fraud").code == 0
    wanting("none")
    assert served[0].run("invoke", "fraud").code == 0
    assert shown == [{"Authorization": "Bearer sesame"}, {}]


def test_invoke_of_a_service_that_is_not_there_names_the_nearest(served):
    answer = served[0].run("invoke", "frad")
    assert (answer.code, answer.out) == (2, "")
    assert "Did you mean fraud?" in answer.err


def test_json_is_one_event_a_line_and_nothing_else(served):
    answer = served[0].run("up", "--yes", "--json")
    assert (answer.code, answer.err) == (0, "")
    kinds = [next(key for key in event if key.endswith("Event")) for event in answer.events]
    assert (kinds[:2], kinds[-2:]) == (["policyLoadEvent", "preludeEvent"], ["summaryEvent", "cancelEvent"])


def test_a_preview_shows_what_changes_and_an_update_keeps_the_address_while_it_is_asked(console):
    assert console.run("up", "--yes").code == 0
    before, state = console.url, console.state
    console.train(3.0)

    preview = console.run("preview")
    assert preview.code == 0
    assert f"~ server   {SERVER}" in preview.out
    assert 'digest: "sha256:' in preview.out
    assert "1 to update" in preview.out
    assert preview.out.splitlines()[-1] == "next: modelport up -s dev"
    assert console.state == state

    with asked(before) as answers:
        update = console.run("up", "--yes")
    assert update.code == 0
    assert "1 updated" in update.out
    assert console.url == before
    assert predict(console.url) == [3, 6, 9]
    assert {(2, 4, 6)} <= set(answers) <= {(2, 4, 6), (3, 6, 9)}


def test_refresh_notices_a_killed_server_up_brings_it_back_and_destroy_leaves_nothing(console):
    untouched = files(console)
    assert console.run("up", "--yes").code == 0
    (killed,) = console.servers
    killed.kill()
    killed.wait(60)

    refreshed = console.run("refresh", "--yes")
    assert refreshed.code == 0
    assert f"- server   {SERVER}" in refreshed.out

    assert console.run("up", "--yes").code == 0
    address = console.url
    assert predict(console.url) == [2, 4, 6]
    (server,) = console.servers

    destroyed = console.run("destroy", "--yes")
    assert destroyed.code == 0
    assert "1 deleted" in destroyed.out
    assert not psutil.pid_exists(server.pid)
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)
    left = {name for name in files(console) - untouched if not name.startswith((".modelport/bundles/", ".pulumi/"))}
    assert left == set()
    assert console.locks == []


def test_a_preview_that_expects_no_changes_finds_what_is_gone_and_leaves_the_state_as_it_is(console):
    assert console.run("up", "--yes").code == 0
    watch = ("preview", "--refresh", "--expect-no-changes")
    calm = console.run(*watch)
    assert (calm.code, calm.err) == (0, "")
    assert "nothing changes" in calm.out
    state = console.state_file.read_bytes()
    (killed,) = console.servers
    killed.kill()
    killed.wait(60)

    assert console.run("preview", "--expect-no-changes").code == 0
    found = console.run(*watch)
    assert found.code == 1
    assert [line.split()[:3] for line in found.out.splitlines()[1:]] == [
        ["-", "server", SERVER],
        ["+", "server", SERVER],
    ]
    said = "1 change where none is expected: run modelport up -s dev, or change the config to what is there"
    assert found.err.splitlines()[-1] == said
    told = console.run(*watch, "--json")
    assert (told.code, told.err.strip()) == (1, said)
    assert told.events[-1].keys() >= {"cancelEvent"}
    assert console.state_file.read_bytes() == state
    assert console.locks == []


def test_the_plan_is_written_as_an_export_that_policies_can_judge(console):
    exported = console.folder / "planned.json"
    assert console.run("preview", "-s", "dev", "--export", str(exported)).code == 0
    document = json.loads(exported.read_text())
    (server,) = [each for each in document["deployment"]["resources"] if each["type"] == "modelport:local:Server"]
    assert (document["version"], server["inputs"]["host"]) == (3, "127.0.0.1")
    assert server["outputs"]["pid"] == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # not known before it is made
    judged = console.run("policies", "check", "--state", str(exported), "--json")
    assert judged.json["evaluated"] > 0
    assert not console.state_file.exists()


RULES = """\
from modelport_policies.control import CRITICAL, Control

def never(_server):
    "Nothing."
    yield "no server is wanted here"

CONTROLS = [Control("SHOP-01", "No servers", "low", CRITICAL, (), "Go.", {"modelport:local:Server": never})]
"""


def test_a_rule_of_the_project_s_own_stops_an_update(console):
    (console.folder / "policies").mkdir()
    console.write("policies/rules.py", RULES)
    answer = console.run("up", "--yes")
    assert answer.code == 3
    assert "no server is wanted here. Go." in answer.err
    assert console.servers == []


def test_an_offline_preview_needs_neither_passphrase_nor_backend(console):
    console.env.pop("PULUMI_CONFIG_PASSPHRASE", None)
    console.env["PULUMI_BACKEND_URL"] = "s3://nobody-has-this"

    answer = console.run("preview", "--offline")

    assert answer.code == 0, answer.err
    assert "fraud-local-server" in answer.out
    assert "offline: checked against the SDKs alone" in answer.err + answer.out
    assert not console.state_file.exists()


def test_an_offline_preview_compares_with_an_exported_state(served, tmp_path):
    console, _ = served
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"version": 3, "deployment": console.state}))

    answer = console.run("preview", "--offline", "--against", str(state))

    assert answer.code == 0, answer.err
    assert "nothing changes" in answer.out


def test_what_cannot_be_done_offline_is_refused(console, monkeypatch):
    assert console.run("preview", "--against", "state.json").code == 2
    assert "leave one of the two out" in console.run("preview", "--offline", "--refresh").err
    monkeypatch.setattr("shutil.which", lambda *_, **__: "/usr/bin/pulumi")
    assert "--engine embedded" in console.run("preview", "--offline", "--engine", "pulumi").err
