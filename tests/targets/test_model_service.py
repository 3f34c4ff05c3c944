import json

import pulumi
import pytest
from support.program import Program

import modelport
from modelport import ModelService, ModelServiceArgs, Provider
from modelport.spec import Metadata, load_service
from modelport.targets.local.server import Server

CONFIG = {"modelport:target": "local", "modelport:services": '["fraud"]', "modelport:environment": "dev"}


@pytest.fixture
def from_file(project):
    """Run a program of one service, from its file."""
    return lambda config: Program.run(lambda: ModelService.from_file("fraud.yaml").outputs, {**CONFIG, **config})


def test_a_service_from_a_file_is_named_after_itself(from_file):
    assert from_file({}).names == [
        "modelport:index:ModelService fraud",
        "modelport:local:Service fraud-local",
        "modelport:local:Server fraud-local-server",
    ]


def test_its_outputs_are_an_entry_of_the_stack_output_services(from_file):
    program = from_file({})
    server = program.inputs["fraud-local-server"]
    assert program.result["model"] == {"digest": server["digest"]}
    assert list(program.result["targets"]) == ["local"]
    assert program.result["targets"]["local"]["live"][0]["digest"] == server["digest"]


def test_its_resources_are_found_by_their_logical_names(args):
    service, made = args(), []
    Program.run(lambda: made.append(ModelService("fraud", service)))
    assert isinstance(made[0].resources["fraud-local-server"], Server)


def test_overrides_of_the_stack_are_merged_into_the_file(from_file):
    program = from_file({"modelport:overrides": json.dumps({"startupSeconds": 9})})
    assert program.inputs["fraud-local-server"]["startupSeconds"] == 9


def test_a_model_is_found_beside_its_service_file(project, monkeypatch):
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    program = Program.run(lambda: ModelService.from_file("../fraud.yaml").outputs, CONFIG)
    assert program.inputs["fraud-local-server"]["bundle"].startswith(str(project / ".modelport"))


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"modelport:targets": '["local"]'}, "target"),
        ({"modelport:target": "locla"}, "Did you mean local?"),
        ({"modelport:servces": "[]"}, "Did you mean services?"),
        ({"modelport:overrides": '{"mode": "batch"}'}, "MP402"),
        ({"modelport:target": "azureml"}, "MP402"),
        ({"modelport:target": "kubernetes"}, "MP401"),
    ],
)
def test_what_is_wrong_with_the_stack_ends_the_program_with_its_text(project, config, text):
    def run():
        with pytest.raises(pulumi.RunError) as failed:
            ModelService.from_file("fraud.yaml")
        assert text in str(failed.value)

    assert Program.run(run, {**CONFIG, **config}).requests == []


def test_a_secret_of_the_stack_is_not_shown(project):
    def run():
        pulumi.runtime.set_all_config({**CONFIG, "modelport:resources": "hunter2"}, ["modelport:resources"])
        with pytest.raises(pulumi.RunError) as failed:
            ModelService.from_file("fraud.yaml")
        assert "hunter2" not in str(failed.value)

    Program.run(run)


def test_a_refusal_names_the_line_of_the_file(project):
    (project / "fraud.yaml").write_text("metadata: {name: fraud}\nmodel: {source: double.onnx}\nmode: batch\n")

    def run():
        with pytest.raises(pulumi.RunError, match=r'fraud.yaml:3  mode: "batch"'):
            ModelService.from_file("fraud.yaml")

    Program.run(run, CONFIG)


def test_services_compose_in_python_with_a_provider_and_a_parent(args):
    class Team(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__("acme:index:Team", name)
            mine = Provider("mine", pulumi.ResourceOptions(parent=self))
            own = pulumi.ResourceOptions(parent=self, providers=[mine], protect=True)
            self.fraud = ModelService("fraud", fraud, own)
            self.churn = ModelService("churn", churn, own)

    fraud = args()
    churn = args(metadata=Metadata(name="churn"))
    program = Program.run(lambda: Team("risk"))
    for name in ("fraud", "churn"):
        server = program.request(f"{name}-local-server")
        assert program.request(name).parent.endswith("acme:index:Team::risk")
        assert "pulumi:providers:modelport::mine" in server.provider
        assert server.protect
    assert program.inputs["churn-local-server"]["service"] == "churn"


def test_a_wrong_stack_config_is_shown_at_its_lines_in_the_stack_file(project):
    (project / "Pulumi.yaml").write_text("name: test\nruntime: python\nstackConfigDir: stacks\n")
    (project / "stacks").mkdir()
    (project / "stacks" / "Pulumi.dev.yaml").write_text(
        "config:\n  modelport:services: [fraud]\n  modelport:target: lcoal\n"
    )

    def program():
        with pytest.raises(pulumi.RunError, match=r'stacks/Pulumi.dev.yaml:3  modelport:target: "lcoal"'):
            ModelService.from_file("fraud.yaml")

    Program.run(program, {**CONFIG, "modelport:target": "lcoal"})


def test_a_loaded_file_and_a_python_spec_make_the_same_resources(project, args):
    python = args()
    loaded = ModelServiceArgs(load_service("fraud.yaml"), python.environment)
    of_file = Program.run(lambda: ModelService("fraud", loaded).outputs)
    of_python = Program.run(lambda: ModelService("fraud", python).outputs)
    assert of_file.inputs == of_python.inputs
    assert of_file.result == of_python.result


def test_every_public_name_is_there():
    assert all(getattr(modelport, name).__name__ == name for name in modelport.__all__)


def test_a_name_that_is_not_public_is_no_attribute():
    with pytest.raises(AttributeError, match="Modelservice"):
        _ = modelport.Modelservice
