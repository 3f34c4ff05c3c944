"""Whole stacks on the embedded engine, with the plugin and real servers."""

import random
import subprocess
import sys
import time
from contextlib import ExitStack

import httpx
import pytest
from support.stack import Stack

FROM_FILE = """
import pulumi
from modelport import ModelService

pulumi.export("services", {"fraud": ModelService.from_file("fraud.yaml").outputs})
"""
IN_PYTHON = """
import pulumi
from modelport import Environment, ModelService, ModelServiceArgs, ModelSpec, Provider
from modelport.spec import Metadata, Model


class Team(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("acme:index:Team", name, None, opts)
        mine = Provider("mine", pulumi.ResourceOptions(parent=self))
        own = pulumi.ResourceOptions(parent=self, providers=[mine])
        self.services = {service: ModelService(service, args_of(service), own) for service in ("fraud", "churn")}
        self.register_outputs({})


def args_of(service):
    spec = ModelSpec(metadata=Metadata(name=service), model=Model(source="model.onnx"))
    return ModelServiceArgs(spec, Environment(stack=pulumi.get_stack(), targets=("local",), environment="dev"))


def signed(args):
    if args.type_ != "modelport:local:Server":
        return None
    tags = {**args.props["tags"], "signedBy": "risk"}
    return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)


team = Team("risk", pulumi.ResourceOptions(transforms=[signed]))
pulumi.export("services", {name: service.outputs for name, service in team.services.items()})
pulumi.export("tags", team.services["churn"].resources["churn-local-server"].tags)
"""
UP = """
import os, sys
from pathlib import Path
from modelport_engine import deployment
from modelport_engine.projects.project import Project

print("working", flush=True)
deployment.up(Project.load(Path(sys.argv[1])), "dev", on_event=lambda event: None)
"""


@pytest.fixture
def stack(tmp_path):
    """Make a stack from a program; its servers are gone afterwards."""
    with ExitStack() as stacks:
        yield lambda program=FROM_FILE: stacks.enter_context(Stack(tmp_path / "project", program))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A stack that is up, and the result of that."""
    with Stack(tmp_path_factory.mktemp("served") / "project", FROM_FILE) as dev:
        yield dev, dev.up()


def url(result, service="fraud"):
    return result.outputs["services"][service]["targets"]["local"]["endpoint"]["url"]


def predict(result, service="fraud"):
    tensor = {"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}
    answer = httpx.post(f"{url(result, service)}/infer", json={"inputs": [tensor]}, timeout=60)
    return answer.json()["outputs"][0]["data"]


def test_a_stack_that_is_up_serves(served):
    assert predict(served[1]) == [2, 4, 6]


def test_a_second_up_changes_nothing(served):
    assert set(served[0].up().changes) == {"same"}


def test_the_command_in_the_outputs_runs_as_printed(served):
    invoke = served[1].outputs["services"]["fraud"]["targets"]["local"]["invoke"]
    answer = subprocess.run(invoke, shell=True, capture_output=True, text=True, timeout=60)
    assert '"outputs"' in answer.stdout


def test_a_destroyed_stack_leaves_no_process_and_no_folder(stack):
    dev = stack()
    dev.up()
    (server,) = dev.processes("fraud-local-server")
    assert dev.destroy().exit_code == 0
    assert not server.is_running()
    assert not (dev.folder / ".modelport" / "servers" / "dev").exists()


def test_another_model_is_an_update_at_the_same_address(stack):
    dev = stack()
    before = dev.up()
    dev.train(3.0)
    after = dev.up()
    assert dev.operations["fraud-local-server"] == "update"
    assert url(after) == url(before)
    assert predict(after) == [3, 6, 9]


def test_a_preview_makes_nothing_but_the_bundle(stack):
    dev = stack()
    assert dev.preview().changes["create"] == 4
    assert [path.name for path in (dev.folder / ".modelport").iterdir()] == ["bundles"]


def test_a_server_that_was_killed_is_noticed_and_made_again(stack):
    dev = stack()
    dev.up()
    (server,) = dev.processes("fraud-local-server")
    server.kill()
    server.wait(60)
    dev.refresh()
    result = dev.up()
    assert dev.operations["fraud-local-server"] == "create"
    assert predict(result) == [2, 4, 6]


def test_services_compose_in_python_with_a_provider_a_parent_and_a_transform(stack):
    dev = stack(IN_PYTHON)
    result = dev.up()
    assert predict(result, "fraud") == predict(result, "churn") == [2, 4, 6]
    assert dev.operations["mine"] == "create"
    assert not any(name.startswith("default") for name in dev.operations)
    assert result.outputs["tags"]["signedBy"] == "risk"
    assert set(dev.up().changes) == {"same"}


@pytest.mark.parametrize(
    ("line", "text"),
    [("mode: batch", "MP402 unbuilt on local"), ("scalling: {min: 1}", "Did you mean scaling?")],
)
def test_a_service_that_cannot_be_made_fails_with_its_sentence_alone(stack, line, text):
    dev = stack()
    with (dev.folder / "fraud.yaml").open("a") as file:
        file.write(f"{line}\n")
    assert dev.up().exit_code == 1
    (error,) = dev.errors
    assert f"fraud.yaml:3  {line.partition(':')[0]}" in error
    assert text in error
    assert "Traceback" not in error
    assert dev.processes("fraud-local-server") == []


def test_a_server_that_dies_at_start_fails_the_run_with_its_last_lines(stack):
    dev = stack()
    dev.preview()
    (bundle,) = (dev.folder / ".modelport" / "bundles").iterdir()
    expected = (bundle / "expected.json").read_text()
    (bundle / "expected.json").write_text(expected.replace('"data": [', '"data": [12345.0, '))
    assert dev.up().exit_code == 1
    assert "server.log ends with:" in dev.errors[0]
    assert "Traceback" not in dev.errors[0]


def test_runs_killed_at_random_moments_converge(stack):
    dev = stack()
    moments = random.Random(20261121)
    for factor in (3.0, 2.0):
        dev.train(factor)
        with subprocess.Popen(
            [sys.executable, "-c", UP, str(dev.folder)], env=dev.env, stdout=subprocess.PIPE, text=True
        ) as run:
            run.stdout.readline()
            time.sleep(moments.uniform(1, 6))
            run.kill()
        dev.unlock()
    result = dev.up()
    assert result.exit_code == 0
    assert predict(result) == [2, 4, 6]
    assert dev.destroy().exit_code == 0
    assert dev.processes("fraud-local-server") == []
