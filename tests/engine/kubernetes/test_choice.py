"""Which plugin serves the package kubernetes."""

import json
import sys
from pathlib import Path

import pytest

from modelport_engine.plugins import plugin
from modelport_engine.plugins.plugin import PluginMissing, Plugins

CLOSED = "https://127.0.0.1:1"
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "lab", "cluster": {"server": CLOSED}}],
    "users": [{"name": "me", "user": {"token": "s3cret-token"}}],
    "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me", "namespace": "team"}}],
}


def objects(**more):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}
    return {"settings": {"type": "kubernetes:core/v1:ConfigMap", "inputs": config}, **more}


@pytest.fixture
def bench(workbench, tmp_path):
    bench = workbench("manifests")
    (bench.folder / "objects.json").write_text(json.dumps(objects()))
    (tmp_path / "kubeconfig").write_text(json.dumps(KUBECONFIG))
    bench.env = {
        **bench.env,
        "PATH": "/usr/bin:/bin",
        "PULUMI_HOME": str(tmp_path),
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
    }
    return bench


def context(bench, name):
    (bench.folder / "Pulumi.dev.yaml").write_text(f"config:\n  kubernetes:context: {name}\n")


def plugins(env):
    return Plugins(Path.cwd(), {}, "127.0.0.1:1", print, Path(sys.executable), env)


def test_without_a_plugin_the_engine_brings_its_own_and_previews_what_it_can(bench):
    context(bench, "lab")
    result = bench.run("preview")
    assert result.exit_code == 0, bench.errors()
    assert ("create", "settings") in bench.steps()
    warnings = [each["message"] for each in bench.bodies("diagnosticEvent") if each["severity"] == "warning"]
    assert len(warnings) == 1
    assert f"previewed without the cluster: the cluster of context lab ({CLOSED}) does not answer" in warnings[0]


def test_an_update_needs_the_cluster_and_says_which_one_does_not_answer(bench):
    context(bench, "lab")
    assert bench.run("up", skip_preview=True).exit_code == 1
    assert f"the cluster of context lab ({CLOSED}) does not answer: " in bench.errors()
    assert "s3cret-token" not in json.dumps(bench.events) + bench.state_file.read_text()


def test_a_stack_that_names_no_context_gets_none(bench):
    assert bench.run("preview").exit_code == 1
    assert "set its context with `pulumi config set kubernetes:context NAME`" in bench.errors()


def test_an_installed_plugin_comes_first(bench, tmp_path):
    (tmp_path / "bin").mkdir()
    theirs = tmp_path / "bin" / "pulumi-resource-kubernetes"
    theirs.write_text("#!/bin/sh\necho theirs was started >&2\nexit 1\n")
    theirs.chmod(0o755)
    context(bench, "lab")
    bench.env = {**bench.env, "PATH": f"{tmp_path / 'bin'}:{bench.env['PATH']}"}
    assert bench.run("preview").exit_code == 1
    assert "theirs was started" in bench.errors()


async def start(monkeypatch, tmp_path):
    monkeypatch.setattr(plugin, "find_spec", lambda name: None)
    return await plugins({"PATH": "", "PULUMI_HOME": str(tmp_path)}).start("kubernetes", "4.34.2")


def test_without_the_official_client_either_way_to_a_provider_is_named(monkeypatch, tmp_path):
    import asyncio

    with pytest.raises(PluginMissing) as error:
        asyncio.run(start(monkeypatch, tmp_path))
    assert "pulumi plugin install resource kubernetes v4.34.2" in str(error.value)
    assert "pip install kubernetes" in str(error.value)
