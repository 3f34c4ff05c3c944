import http.client
import shutil
import socket
import time

import pytest
from support.load import Load
from support.server import instance

from modelport_server.transport import handover


@pytest.fixture
def run_dir(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


@pytest.fixture
def start_in(start, run_dir):
    """Start a server in the run folder."""
    return lambda *flags: start("--run-dir", run_dir, *flags)


def test_a_successor_takes_the_port_and_the_record_and_the_old_one_ends(start_in, bundles, run_dir):
    old = start_in("--model", bundles / "twice", "--instance", "first")
    assert old.ready
    assert instance(run_dir)["instance"] == "first"
    new = start_in("--model", bundles / "thrice", "--instance", "second")
    assert new.port == old.port
    assert old.wait() == 0
    record = instance(run_dir)
    assert record == {
        "pid": new.process.pid,
        "instance": "second",
        "host": "127.0.0.1",
        "http": new.port,
        "models": new.ready["models"],
    }
    assert new.get("/v2/models/scale").json()["versions"] == ["2"]


def test_a_successor_may_ask_for_the_port_that_the_old_one_has(start_in, bundles):
    old = start_in("--model", bundles / "twice")
    new = start_in("--model", bundles / "thrice", "--http-port", old.port)
    assert new.port == old.port
    assert old.wait() == 0


def test_requests_survive_updates(start_in, bundles):
    running = start_in("--model", bundles / "twice", "--grace", 1)
    with Load(running.port, bundles / "twice") as load:
        for name in ("thrice", "twice", "thrice"):
            load.wait_for(200)
            successor = start_in("--model", bundles / name, "--grace", 1)
            assert successor.port == running.port
            assert running.wait() == 0
            running = successor
        load.wait_for(200)
    assert load.failures == []
    assert load.answered >= 800


def test_the_same_load_notices_when_the_server_is_stopped_and_started_instead(start_in, bundles):
    old = start_in("--model", bundles / "twice", "--grace", 1)
    with Load(old.port, bundles / "twice") as load:
        load.wait_for(200)
        old.stop()
        start_in("--model", bundles / "thrice", "--http-port", old.port).get("/v2")
        load.wait_for(200)
    assert load.failures


def test_a_kept_alive_connection_is_asked_to_close_with_its_next_answer(start_in, bundles):
    old = start_in("--model", bundles / "twice")
    connection = http.client.HTTPConnection("127.0.0.1", old.port)
    assert ask(connection).getheader("connection") is None
    assert start_in("--model", bundles / "thrice").ready
    assert ask(connection).getheader("connection") == "close"
    assert old.wait() == 0
    assert ask(connection).getheader("connection") is None
    connection.close()


def test_an_idle_connection_is_closed_after_the_grace_period_and_not_before(start_in, bundles):
    old = start_in("--model", bundles / "twice", "--grace", 1)
    with socket.create_connection(("127.0.0.1", old.port)) as idle:
        assert old.get("/v2").status_code == 200  # so that the old one has accepted the idle one, queued before
        before = time.monotonic()
        assert start_in("--model", bundles / "thrice").ready
        assert idle.recv(10) == b""
        assert time.monotonic() - before >= 1
    assert old.wait() == 0


def test_a_connection_without_a_request_yet_is_still_served(start_in, bundles):
    old = start_in("--model", bundles / "twice")
    with socket.create_connection(("127.0.0.1", old.port)) as early:
        assert start_in("--model", bundles / "thrice").ready
        early.sendall(b"GET /v2/health/ready HTTP/1.1\r\nhost: x\r\n\r\n")
        with early.makefile("rb") as answer:
            assert answer.read().endswith(b'{"ready":true}')
    assert old.wait() == 0


def test_a_successor_that_cannot_serve_leaves_the_old_one_serving(start_in, bundles, run_dir, tmp_path):
    old = start_in("--model", bundles / "twice")
    assert old.ready
    before = instance(run_dir)
    broken = shutil.copytree(bundles / "thrice", tmp_path / "broken")
    (broken / "model" / "model.onnx").write_bytes(b"")
    new = start_in("--model", broken)
    assert (new.ready, new.wait()) == (None, 3)
    assert instance(run_dir) == before
    assert old.get("/v2/models/scale").headers.get("connection") is None
    assert start_in("--model", bundles / "thrice").port == old.port


def test_a_successor_may_move_to_another_port(start_in, bundles):
    old = start_in("--model", bundles / "twice")
    assert old.ready
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    new = start_in("--model", bundles / "thrice", "--http-port", free)
    assert new.port == free != old.port
    assert old.wait() == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", old.port))


def test_a_successor_that_finds_its_port_taken_leaves_the_old_one_serving(start_in, bundles):
    old = start_in("--model", bundles / "twice")
    assert old.ready
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        new = start_in("--model", bundles / "thrice", "--http-port", port)
        assert (new.ready, new.wait()) == (None, 1)
    assert f"port {port}" in new.errors
    assert old.get("/v2/health/ready").status_code == 200


def test_what_a_killed_server_left_does_not_stop_the_next(start_in, bundles, run_dir):
    old = start_in("--model", bundles / "twice")
    assert old.ready
    old.process.kill()
    old.wait()
    assert (run_dir / "control.sock").exists()
    new = start_in("--model", bundles / "thrice")
    assert new.ready
    assert instance(run_dir)["pid"] == new.process.pid


def test_a_server_that_hangs_is_named_and_not_replaced(run_dir, monkeypatch):
    monkeypatch.chdir(run_dir)
    monkeypatch.setattr(handover, "ANSWER_SECONDS", 0.1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind("control.sock")
        silent.listen()
        with pytest.raises(handover.HandoverFailed, match=f"(?s){run_dir}.*does not answer"):
            handover.Predecessor.find()


def test_of_servers_started_at_once_the_last_one_serves_and_the_others_end(start_in, bundles, run_dir):
    servers = [start_in("--model", bundles / "twice") for _ in range(3)]
    assert len({server.port for server in servers}) == 1
    serving = instance(run_dir)["pid"]
    for server in servers:
        if server.process.pid != serving:
            assert server.wait() == 0
    [last] = [server for server in servers if server.process.pid == serving]
    assert last.get("/v2/health/ready").status_code == 200


def test_a_stopped_server_leaves_no_socket_and_no_record(start_in, bundles, run_dir):
    server = start_in("--model", bundles / "twice")
    assert server.ready
    assert (run_dir / "control.sock").stat().st_mode & 0o777 == 0o600
    assert server.stop() == 0
    assert [path.name for path in run_dir.iterdir()] == ["start.lock"]


def test_a_run_folder_with_a_long_path_will_do(start, bundles, tmp_path):
    folder = tmp_path / ("long" * 50)
    folder.mkdir()
    old = start("--model", bundles / "twice", "--run-dir", folder)
    assert old.ready
    assert start("--model", bundles / "thrice", "--run-dir", folder).port == old.port


def ask(connection):
    connection.request("GET", "/v2/health/ready")
    response = connection.getresponse()
    response.read()
    return response
