import os
from pathlib import Path

import httpx
import psutil
import pytest
from support.load import Load

from modelport.providers.crud import UNKNOWN
from modelport.providers.local.process import of_folder


def predict(outputs):
    tensor = {"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}
    answer = httpx.post(f"{outputs['url']}/v2/models/scale/infer", json={"inputs": [tensor]}, timeout=60)
    return answer.json()["outputs"][0]["data"]


def test_a_created_server_answers_at_its_url(server, inputs):
    outputs = server.create(inputs())
    assert predict(outputs) == [2, 4, 6]
    assert outputs["version"] == "1"
    assert outputs["readySeconds"] > 0


def test_a_server_is_a_process_group_and_session_of_its_own(server, inputs):
    pid = server.create(inputs())["pid"]
    assert os.getpgid(pid) == os.getsid(pid) == pid


def test_a_server_holds_files_of_its_run_folder_only(server, inputs, run_dir):
    process = psutil.Process(server.create(inputs())["pid"])
    assert {str(Path(file.path).parent) for file in process.open_files()} == {str(run_dir)}


def test_a_server_gets_no_variable_of_the_engine(server, inputs, monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "hunter2")
    process = psutil.Process(server.create(inputs())["pid"])
    assert "hunter2" not in process.environ().values()


def test_creating_twice_adopts_the_server_that_is_there(server, inputs):
    assert server.create(inputs()) == server.create(inputs())


def test_an_update_serves_the_new_model_at_the_old_address(server, inputs):
    before = server.create(inputs())
    after = server.update(inputs("thrice"))
    assert predict(after) == [3, 6, 9]
    assert after["url"] == before["url"]
    assert after["version"] == "2"


def test_an_update_of_tags_alone_keeps_the_process(server, inputs):
    before = server.create(inputs())
    assert server.update(inputs(tags={"owner": "ml"}))["pid"] == before["pid"]


def test_no_request_is_lost_while_servers_succeed_each_other(server, inputs, bundles):
    outputs = server.create(inputs(graceSeconds=1))
    with Load(outputs["port"], bundles / "twice", rate=100, clients=4) as load:
        for bundle in ("thrice", "twice", "thrice"):
            load.wait_for(30)
            server.update(inputs(bundle, graceSeconds=1))
        load.wait_for(30)
    assert load.failures == []
    assert load.answered >= 120


def test_an_update_to_another_port_moves_there(server, inputs, free_port):
    server.create(inputs())
    assert server.update(inputs(port=free_port))["url"] == f"http://127.0.0.1:{free_port}"


def test_a_read_server_is_as_it_was_left(server, inputs):
    outputs = server.create(inputs())
    assert server.read(outputs["runDir"], outputs) == outputs


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_a_server_that_was_ended_by_hand_is_gone(server, inputs, end):
    outputs = server.create(inputs())
    process = psutil.Process(outputs["pid"])
    getattr(process, end)()
    process.wait(60)
    assert server.read(outputs["runDir"], outputs) is None


def test_a_server_that_someone_else_renewed_is_drift(server, inputs):
    outputs = server.create(inputs())
    renewed = server.update(inputs("thrice"))
    found = server.read(outputs["runDir"], outputs)
    assert (found["digest"], found["pid"]) == (renewed["digest"], renewed["pid"])
    assert server.diff(found, inputs()).properties == ("digest",)


def test_a_process_that_got_the_id_of_a_dead_server_is_not_it(server, inputs, run_dir):
    outputs = server.create(inputs())
    server.delete(run_dir)
    record = f'{{"pid": {psutil.Process().pid}, "instance": "{outputs["instance"]}", "models": [{{}}]}}'
    run_dir.mkdir(parents=True)
    (run_dir / "server.json").write_text(record)
    assert server.read(str(run_dir), outputs) is None
    server.delete(run_dir)


def test_a_deleted_server_leaves_nothing(server, inputs, run_dir):
    process = psutil.Process(server.create(inputs())["pid"])
    server.delete(run_dir)
    assert not process.is_running()
    assert not run_dir.parent.exists()


def test_deleting_ends_a_server_that_still_drains(server, inputs, run_dir):
    outputs = server.create(inputs(graceSeconds=25))
    with httpx.Client() as idle:
        idle.get(f"{outputs['url']}/v2/health/live", timeout=60)
        server.update(inputs("thrice", graceSeconds=25))
        assert len(of_folder(run_dir)) == 2
        idle.close()
        server.delete(run_dir)
    assert of_folder(run_dir) == []


def test_deleting_what_is_gone_is_fine(server, run_dir):
    server.delete(run_dir)
    assert not run_dir.exists()


def test_a_preview_knows_the_address_that_an_update_keeps(server, inputs):
    planned = server.plan({"port": 1234}, inputs("thrice"))
    assert (planned["url"], planned["pid"]) == ("http://127.0.0.1:1234", UNKNOWN)


def test_a_preview_of_a_creation_contacts_and_makes_nothing(server, inputs, run_dir):
    assert server.plan({}, inputs())["url"] == UNKNOWN
    assert server.plan({}, inputs(port=8123))["url"] == "http://127.0.0.1:8123"
    assert not run_dir.exists()


def test_equal_inputs_are_no_change(server, inputs):
    assert server.diff({**inputs(), "port": 8123}, inputs()).properties == ()


@pytest.mark.parametrize(("name", "value"), [("service", "other"), ("runDir", "/elsewhere"), ("host", "127.0.0.2")])
def test_another_identity_is_another_server(server, inputs, name, value):
    assert server.diff(inputs(), inputs() | {name: value}).replaces == (name,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 8123),
        ("requestBytes", 1),
        ("graceSeconds", 1),
        ("startupSeconds", 1),
        ("tags", {"a": "b"}),
        ("digest", UNKNOWN),
    ],
)
def test_anything_else_is_an_update(server, inputs, name, value):
    changes = server.diff(inputs(), inputs() | {name: value})
    assert (changes.properties, changes.replaces) == ((name,), ())


def test_a_request_larger_than_request_bytes_is_turned_away(server, inputs):
    outputs = server.create(inputs(requestBytes=100))
    answer = httpx.post(f"{outputs['url']}/v2/models/scale/infer", content=b" " * 101, timeout=60)
    assert answer.status_code == 413
