import json
import shutil
from pathlib import Path

import grpc
import httpx
import psutil
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.rpc import UNKNOWN, _special_secret_sig, _special_sig_key
from support import models
from support.plugin import Plugin

from modelport.bundle import build
from modelport.providers.local.process import of_folder


def secret(value):
    return {_special_sig_key: _special_secret_sig, "value": value}


@pytest.fixture
def inputs(plugin, bundle, tmp_path):
    """Make checked inputs of a server; its processes are gone afterwards."""
    run_dir = tmp_path / "servers" / "it"
    asked = {"service": "it", "runDir": str(run_dir), "bundle": str(bundle.path), "digest": bundle.digest}

    def inputs(**more):
        checked, failures = plugin.check({**asked, **more})
        assert failures == {}
        return checked

    yield inputs
    for process in of_folder(run_dir):
        process.kill()
    psutil.wait_procs(of_folder(run_dir), timeout=30)


def test_a_server_lives_from_create_to_delete(plugin, inputs):
    id, outputs = plugin.create(inputs())
    assert httpx.get(f"{outputs['url']}/v2/health/ready", timeout=60).status_code == 200
    assert plugin.read(id, outputs, inputs()) == (id, outputs, inputs())
    updated = plugin.update(id, outputs, inputs(graceSeconds=1))
    assert (updated["url"], updated["graceSeconds"]) == (outputs["url"], 1)
    plugin.delete(id)
    assert plugin.read(id, outputs, inputs())[0] == ""


def test_a_server_outlives_its_plugin(inputs, engine, tmp_path):
    with Plugin(engine.address, tmp_path) as plugin:
        _, outputs = plugin.create(inputs())
    assert httpx.get(f"{outputs['url']}/v2/health/ready", timeout=60).status_code == 200


def test_a_preview_gives_unknowns_and_starts_nothing(plugin, inputs):
    id, outputs = plugin.create(inputs(digest=UNKNOWN), preview=True)
    assert (id, outputs["url"], outputs["digest"], outputs["pid"]) == ("", UNKNOWN, UNKNOWN, UNKNOWN)
    assert not Path(outputs["runDir"]).exists()


def test_a_preview_of_an_update_keeps_the_address(plugin, inputs):
    old = {**inputs(), "url": "http://127.0.0.1:4321", "port": 4321}
    assert plugin.update("it", old, inputs(graceSeconds=1), preview=True)["url"] == "http://127.0.0.1:4321"


def test_a_wrong_input_is_a_check_failure_at_its_property(plugin):
    _, failures = plugin.check({"runDir": "/x", "bundle": "/b", "service": "it", "digest": "none", "prot": 1})
    assert set(failures) == {"digest", "prot"}


def test_unchanged_inputs_are_no_change(plugin, inputs):
    assert plugin.diff(inputs(), inputs()).changes == messages.DiffResponse.DIFF_NONE


def test_another_run_folder_replaces_and_deletes_first(plugin, inputs):
    answer = plugin.diff(inputs(), inputs(runDir="/elsewhere"))
    assert (list(answer.replaces), answer.deleteBeforeReplace) == (["runDir"], True)


def test_a_secret_input_is_a_secret_output(plugin, inputs):
    _, outputs = plugin.create({**inputs(), "tags": {"owner": secret("hunter2")}}, preview=True)
    assert outputs["tags"][_special_sig_key] == _special_secret_sig


def test_config_of_the_project_is_not_kept_even_when_it_is_secret(plugin):
    news = struct_pb2.Struct()
    news.update({"target": "local", "token": secret("hunter2")})
    answer = plugin.stub.CheckConfig(messages.CheckRequest(urn=plugin.urn("pulumi:providers:modelport"), news=news))
    assert dict(answer.inputs) == {}
    assert list(answer.failures) == []


def test_a_change_of_config_is_no_change_of_the_provider(plugin):
    news = struct_pb2.Struct()
    news.update({"target": "kubernetes"})
    answer = plugin.stub.DiffConfig(messages.DiffRequest(urn=plugin.urn("pulumi:providers:modelport"), news=news))
    assert answer.changes == messages.DiffResponse.DIFF_NONE


def test_configure_says_what_the_sdk_can_do(plugin):
    answer = plugin.stub.Configure(messages.ConfigureRequest(args=struct_pb2.Struct()))
    assert (answer.supportsPreview, answer.acceptOutputs) == (True, False)


def test_an_error_is_its_sentence_and_no_traceback(plugin, inputs, bundle, tmp_path):
    damaged = shutil.copytree(bundle.path, tmp_path / "damaged")
    (damaged / "model" / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(grpc.RpcError) as failed:
        plugin.create(inputs(bundle=str(damaged)))
    assert failed.value.details().startswith("it: the server ended with status")
    assert "Traceback" not in failed.value.details()
    assert ".py" not in failed.value.details()


def test_a_folder_that_cannot_be_written_is_named(plugin, inputs, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(grpc.RpcError) as failed:
        plugin.create(inputs(runDir=str(file / "it")))
    assert failed.value.details() == f"{file / 'it'}: Not a directory."


def test_an_unknown_resource_is_named(plugin):
    with pytest.raises(grpc.RpcError, match="modelport has no resource modelport:local:Serve"):
        plugin.check({}, kind="modelport:local:Serve")


def test_a_long_start_is_told_to_the_engine(plugin, inputs, engine, tmp_path):
    slow = build(models.save(models.counting(), tmp_path / "slow.onnx"), tmp_path / "slow")
    sample = json.loads((slow.path / "sample.json").read_text())
    sample["inputs"][0]["data"] = [2**60]
    (slow.path / "sample.json").write_text(json.dumps(sample))
    with pytest.raises(grpc.RpcError, match="not ready within startupSeconds: 3"):
        plugin.create(inputs(bundle=str(slow.path), digest=slow.digest, startupSeconds=3))
    assert "it answers its sample first" in engine.logged[0].message
    assert engine.logged[0].urn == plugin.urn("modelport:local:Server")


def test_an_artefact_is_replaced_before_the_old_one_goes(plugin):
    old = {"source": "/layout", "repository": "host.example/server", "digest": f"sha256:{'0' * 64}"}
    answer = plugin.diff(old, {**old, "digest": f"sha256:{'1' * 64}"}, kind="modelport:artifact:Image")
    assert (list(answer.replaces), answer.deleteBeforeReplace) == (["digest"], False)
