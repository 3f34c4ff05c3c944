import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest


def test_a_ready_server_says_so_in_one_line(start, bundles):
    server = start("--model", bundles / "twice", "--model", bundles / "slow")
    assert server.ready["ready"] is True
    assert server.ready["grpc"] is None
    assert [(model["name"], model["version"]) for model in server.ready["models"]] == [("scale", "1"), ("slow", "1")]
    with server.client() as client:
        assert client.get("/v2/health/ready").json() == {"ready": True}
        assert client.post("/v2/models/scale/infer", json=sample(bundles)).json()["outputs"][0]["data"][0] == 0.125
    assert server.stop() == 0
    assert server.process.stdout.read() == ""


def test_settings_come_from_the_environment_too(start, bundles, monkeypatch):
    monkeypatch.setenv("MODELPORT_MODEL", f"{bundles / 'twice'}:{bundles / 'slow.onnx'}")
    monkeypatch.setenv("MODELPORT_MAX_BODY", "10")
    server = start()
    assert len(server.ready["models"]) == 2
    with server.client() as client:
        assert client.post("/v2/models/scale/infer", json=sample(bundles)).status_code == 413
        assert client.get("/v2").status_code == 200


def test_the_server_imports_neither_onnx_nor_what_it_does_not_need(bundles):
    code = (
        "import sys, modelport_server.serve as s, modelport_server.inference.model as m; from pathlib import Path;"
        "import modelport_server.grpc_service, modelport_server.transport.http2.connection;"
        f"m.Model.load(Path({str(bundles / 'twice')!r}));"
        "print({'onnx', 'numpy.testing', 'websockets', 'h11', 'grpc', 'pydantic'} & sys.modules.keys() or '')"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == ""


def test_a_body_too_large_is_answered_and_the_connection_goes_on(start, bundles):
    server = start("--model", bundles / "twice", "--max-body", 1000)
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("POST", "/v2/models/scale/infer", b"x" * 3_000_000)
    assert connection.getresponse().read() == b'{"error":"the body has more than 1000 bytes","code":"too_large"}'
    connection.request("GET", "/v2/health/live")
    assert connection.getresponse().status == 200
    connection.close()


def test_what_is_not_http_is_refused(start, bundles):
    server = start("--model", bundles / "twice")
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400")


def test_sigterm_finishes_the_request_it_has_and_health_answers_meanwhile(start, bundles):
    server = start("--model", bundles / "slow")
    with server.client() as client:
        count(client, 50_000)  # the server learns that this model is slow
        answers = []
        asking = threading.Thread(target=lambda: answers.append(count(client, 1_000_000)))
        asking.start()
        while inflight(server) < 2:  # this scrape and the slow request
            time.sleep(0.01)
        assert answers == []
        assert server.stop() == 0
        asking.join()
    assert answers == [1_000_000]


def test_a_drain_takes_no_longer_than_it_is_told(start, bundles):
    server = start("--model", bundles / "slow", "--drain", 0.2)
    with server.client() as client:
        count(client, 50_000)  # the server learns that this model is slow
        asking = threading.Thread(target=lambda: cut_off(client))
        asking.start()
        while inflight(server) < 2:
            time.sleep(0.01)
        assert server.stop() == 0
        asking.join()
    assert "requests were still running after 0.2 s" in server.errors


def cut_off(client):
    with pytest.raises(httpx.HTTPError):
        count(client, 200_000_000)


def test_sigterm_closes_idle_connections_after_the_grace_period(start, bundles):
    server = start("--model", bundles / "twice", "--grace", 0.1)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        assert server.stop() == 0
        assert connection.recv(10) == b""


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "model" / "model.onnx").write_bytes(b""), "differs from its digest"),
        (lambda folder: shutil.rmtree(folder), "cannot be read"),
        (lambda folder: wrong_answer(folder), "does not answer its own sample"),
    ],
)
def test_a_model_that_cannot_serve_ends_the_server_with_the_reason(start, bundles, tmp_path, damage, message):
    folder = shutil.copytree(bundles / "twice", tmp_path / "copy")
    damage(folder)
    server = start("--model", folder)
    assert (server.ready, server.wait()) == (None, 3)
    assert message in server.errors
    assert "Traceback" not in server.errors


def test_versions_of_a_model_serve_side_by_side_and_the_newest_without_a_name(start, bundles):
    server = start("--model", bundles / "thrice", "--model", bundles / "twice")
    entry = {"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}
    with server.client() as client:
        assert client.get("/v2/models/scale").json()["versions"] == ["1", "2"]
        for path, factor in [("", 3), ("/versions/1", 2), ("/versions/2", 3)]:
            answer = client.post(f"/v2/models/scale{path}/infer", json={"inputs": [entry]}).json()
            assert answer["outputs"][0]["data"] == [factor, 2 * factor, 3 * factor]
        assert client.post("/score", json=[[1, 2, 3]]).json() == {"predictions": [[3, 6, 9]]}
        assert client.get("/v1/models").json() == {"models": ["scale"]}


def test_two_models_of_one_name_and_version_are_refused(start, bundles):
    server = start("--model", bundles / "twice", "--model", bundles / "twice")
    assert server.wait() == 1
    assert "two models are called scale 1" in server.errors


@pytest.mark.parametrize("env", [{}, {"MODELPORT_PROVIDER": "tpu"}])
def test_what_cannot_compute_is_said_and_the_cpu_does_not_step_in(start, bundles, monkeypatch, env):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    server = start("--model", bundles / "twice", *([] if env else ["--provider", "cuda"]))
    assert (server.ready, server.wait()) == (None, 1)
    assert ("There is no such provider" if env else "has no CUDAExecutionProvider") in server.errors
    assert "Traceback" not in server.errors


def test_a_port_that_is_taken_is_named(start, bundles):
    taken = start("--model", bundles / "twice").port
    server = start("--model", bundles / "twice", "--http-port", taken)
    assert (server.ready, server.wait()) == (None, 1)
    assert f"cannot listen on 127.0.0.1 port {taken}" in server.errors


@pytest.mark.parametrize(("flags", "status"), [([], 2), (["--http-port", "many"], 2), (["--http-port", "99999"], 1)])
def test_wrong_usage_is_said(start, bundles, flags, status):
    server = start(*(["--model", bundles / "twice", *flags] if flags else []))
    assert server.wait() == status
    assert server.errors
    assert "Traceback" not in server.errors


def test_a_server_that_waits_ends_with_its_starter(start, bundles):
    server = start("--model", bundles / "twice", "--wait-for-go", stdin=subprocess.PIPE)
    server.process.stdin.close()
    assert (server.ready, server.wait(), server.errors) == (None, 0, "")


def test_a_server_that_waits_starts_at_a_line_and_lets_go_of_its_starter(start, bundles):
    server = start("--model", bundles / "twice", "--wait-for-go", stdin=subprocess.PIPE)
    server.process.stdin.write("go\n")
    server.process.stdin.close()
    assert server.ready["ready"] is True
    assert str(Path(f"/proc/{server.process.pid}/fd/0").readlink()) == os.devnull


def sample(bundles):
    return json.loads((bundles / "twice" / "sample.json").read_text())


def count(client, number):
    entry = {"name": "x", "datatype": "INT64", "shape": [1], "data": [number]}
    return client.post("/v2/models/slow/infer", json={"inputs": [entry]}).json()["outputs"][0]["data"][0]


def inflight(server):
    text = server.get("/metrics").text
    return int(text.partition("\nmodelport_requests_inflight ")[2].partition("\n")[0])


def wrong_answer(folder):
    expected = json.loads((folder / "expected.json").read_text())
    expected["outputs"][0]["data"][0] += 1
    (folder / "expected.json").write_text(json.dumps(expected))
