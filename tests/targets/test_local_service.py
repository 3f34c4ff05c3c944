import pulumi
import pytest
from support.program import Program

from modelport import LocalService
from modelport.spec import Metadata, Model, Release, Releases, Request
from modelport.targets.local.server import Server

GOLDEN = """\
modelport:local:Service fraud
modelport:local:Server fraud-server"""
"""Types and logical names are public: another one needs an alias and a line in the changelog."""

OTHER = f"sha256:{'0' * 64}"


def test_types_and_logical_names_are_the_published_ones(local):
    assert "\n".join(local().names) == GOLDEN


def test_its_resources_are_its_children(local):
    program = local()
    assert program.request("fraud-server").parent.endswith("modelport:local:Service::fraud")


def test_its_resources_are_there_with_their_types(args):
    given, made = args(), []
    Program.run(lambda: made.append(LocalService("fraud", given)))
    assert isinstance(made[0].resources["server"], Server)


def test_its_server_serves_the_bundle_of_the_model(local, project):
    server = local().inputs["fraud-server"]
    assert server["bundle"] == str(project / ".modelport" / "bundles" / server["digest"].removeprefix("sha256:"))
    assert server["runDir"] == str(project / ".modelport" / "servers" / "dev" / "fraud-server")
    assert server["host"] == "127.0.0.1"


def test_its_server_keeps_to_the_spec(local):
    server = local(request=Request(payload="2Ki"), startup_seconds=7).inputs["fraud-server"]
    assert (server["requestBytes"], server["startupSeconds"]) == (2048, 7)


def test_every_resource_carries_the_tags(local):
    tags = local(metadata=Metadata(name="fraud", owner="risk", labels={"team": "blue"})).inputs["fraud-server"]["tags"]
    assert {"owner": "risk", "team": "blue", "service": "fraud", "stack": "dev"}.items() <= tags.items()


def test_its_component_carries_what_reviewers_ask(local):
    inputs = local().inputs["fraud"]
    assert (inputs["service"], inputs["exposure"], inputs["dataClass"]) == ("fraud", "private", "confidential")


def test_its_outputs_are_what_tools_rely_on(local, project):
    outputs = local().result
    sample = f"{local().inputs['fraud-server']['bundle']}/sample.json"
    assert outputs == {
        "endpoint": {
            "url": "http://127.0.0.1:8080/v2/models/fraud",
            "auth": {"kind": "none", "audience": None, "principal": None},
            "health_url": "http://127.0.0.1:8080/v2/health/ready",
            "protocols": ["rest"],
        },
        "image": {"digest": None},
        "live": [{"version": "1", "digest": outputs["live"][0]["digest"], "weight": 100}],
        "dashboards": [],
        "alerts": [],
        "capture_location": None,
        "logs": "/log",
        "invoke": f"curl -sS -H 'Content-Type: application/json' --data-binary @{sample} "
        "http://127.0.0.1:8080/v2/models/fraud/infer",
    }


def test_an_engine_that_lacks_the_plugin_cannot_fetch_another_of_its_name(local):
    assert local().request("fraud-server").pluginDownloadURL.endswith(".invalid/plugin")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"mode": "batch"}, 'mode: "batch"\n  MP402 unbuilt on local'),
        ({"model": Model(source="missing.onnx")}, "missing.onnx\n  the model is missing."),
        ({"model": Model(source="double.onnx", sha256="0" * 64)}, "the config says 0000"),
        ({"model": Model(source="double.onnx", precision="int8")}, "bundle optimize BUNDLE --precision int8"),
        ({"environment": {"resources": {"fraud-servr": {}}}}, "Did you mean fraud-server?"),
        (
            {
                "environment": {
                    "releases": {"fraud": Releases(stable=Release(source="double.onnx", digest=f"sha256:{'0' * 64}"))}
                }
            },
            "modelport:releases says sha256:0000",
        ),
    ],
)
def test_what_cannot_be_made_ends_the_program_before_anything_is_registered(args, given, text):
    program, service = None, args(**given)

    def run():
        with pytest.raises(pulumi.RunError) as failed:
            LocalService("fraud", service)
        assert text in str(failed.value)

    program = Program.run(run)
    assert program.requests == []
