import json
import socket

import pytest

from modelport.bundle import BundleError
from modelport.errors import ModelportError
from modelport.providers.crud import UNKNOWN
from modelport.providers.local import LocalServer
from modelport.providers.local.process import of_folder
from modelport.providers.local.run_dir import RunDir

GOOD = {"service": "scale", "runDir": "/run/scale", "bundle": "/bundle", "digest": f"sha256:{'0' * 64}"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("digest", "sha256:12"),
        ("port", 0),
        ("port", 65536),
        ("runDir", "relative/path"),
        ("requestBytes", 0),
        ("graceSeconds", 26),
        ("startupSeconds", "soon"),
        ("service", ""),
        ("prot", 8080),
    ],
)
def test_an_input_that_cannot_be_used_is_named(name, value):
    _, failures = LocalServer().check({**GOOD, name: value})
    assert [failure.property for failure in failures] == [name]


def test_every_missing_input_is_named():
    _, failures = LocalServer().check({})
    assert [failure.property for failure in failures] == ["service", "runDir", "bundle", "digest"]


def test_what_is_not_known_yet_is_not_judged():
    _, failures = LocalServer().check({**GOOD, "digest": UNKNOWN, "port": UNKNOWN})
    assert failures == []


def test_a_port_in_use_is_named(server, inputs, run_dir):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ModelportError, match=f"port {port}"):
            server.create(inputs(port=port))
    assert of_folder(run_dir) == []


def test_an_update_to_a_port_in_use_leaves_the_old_server(server, inputs):
    outputs = server.create(inputs())
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ModelportError) as failed:
        server.update(inputs("thrice", port=taken.getsockname()[1]))
    assert "The one before still serves." in str(failed.value)
    assert server.read(outputs["runDir"], outputs) == outputs


def test_a_server_that_dies_at_start_shows_its_last_lines(server, inputs, copy_of, run_dir):
    bundle = copy_of("twice")
    expected = json.loads((bundle / "expected.json").read_text())
    expected["outputs"][0]["data"] = [7.0] * len(expected["outputs"][0]["data"])
    (bundle / "expected.json").write_text(json.dumps(expected))
    with pytest.raises(ModelportError) as failed:
        server.create(inputs(bundle))
    assert "ended with status 3" in str(failed.value)
    assert f"{run_dir / 'server.log'} ends with:\n    " in str(failed.value)
    assert "sample" in str(failed.value)
    assert of_folder(run_dir) == []


def test_a_failed_server_shows_no_lines_of_the_one_before(server, inputs, copy_of, run_dir):
    server.create(inputs())
    bundle = copy_of("thrice")
    (bundle / "model" / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelportError) as failed:
        server.update(inputs(bundle))
    assert "ready on" in (run_dir / "server.log").read_text()
    assert "ready on" not in str(failed.value)


def test_a_server_that_is_not_ready_in_time_is_stopped(server, inputs, copy_of, run_dir, monkeypatch):
    bundle = copy_of("slow")
    sample = json.loads((bundle / "sample.json").read_text())
    sample["inputs"][0]["data"] = [2**60]
    (bundle / "sample.json").write_text(json.dumps(sample))
    with pytest.raises(ModelportError, match="not ready within startupSeconds: 3"):
        server.create(inputs(bundle, startupSeconds=3))
    assert of_folder(run_dir) == []
    assert "answers its sample first" in server.said[0]


def test_another_model_than_the_digest_says_is_not_served(server, inputs, bundles, run_dir):
    with pytest.raises(ModelportError, match="is to serve"):
        server.create({**inputs("twice"), "bundle": str(bundles / "thrice")})
    assert not run_dir.exists()


def test_a_missing_bundle_is_named(server, inputs, tmp_path):
    with pytest.raises(BundleError, match="nowhere"):
        server.create({**inputs(), "bundle": str(tmp_path / "nowhere")})


def test_two_runs_do_not_work_on_one_server_at_a_time(run_dir):
    with RunDir(run_dir).locked(0), pytest.raises(ModelportError, match="another run"), RunDir(run_dir).locked(0):
        pass


def test_a_lock_on_a_removed_folder_is_no_lock(run_dir):
    folder = RunDir(run_dir)
    with folder.locked(0):
        folder.remove()
        with RunDir(run_dir).locked(0):
            assert run_dir.exists()
