"""How a new version takes over on Vertex AI."""

import re

import pulumi
import pytest
from support.gcp.export import export
from support.gcp.program import DEPLOYED, REGION, GcpProgram

import modelport_policies
from modelport import VertexService
from modelport.providers.resources import RESOURCES
from modelport.spec import Governance, Metadata, Monitoring, Rollout

IMAGE = f"registry.example/server@sha256:{'a' * 64}"
PRODUCTION = {
    "metadata": Metadata(name="fraud", owner="risk", cost_center="4711"),
    "monitoring": Monitoring(capture={"percent": 20}),
    "governance": Governance(
        risk_class="minimal",
        intended_use="Finds payments that somebody should look at.",
        training_data="https://example.com/payments",
        evaluation="https://example.com/evaluation",
        oversight_contact="risk",
    ),
}

OF_ITEMS_TO_COME = {"GOV-01", "GOV-02"}
"""Drift and alerts are not built."""


@pytest.fixture
def release(vertex, releases):
    """Run a program of one service with a candidate of this share of the requests."""

    def release(weight, environment=None, **sections):
        return vertex({"releases": releases(weight=weight), **(environment or {})}, **sections)

    return release


def split(program):
    return program.inputs["fraud-traffic"]["percentages"]


@pytest.mark.parametrize("weight", [0, 20, 100])
def test_two_versions_divide_the_requests(release, weight):
    program = release(weight)
    assert split(program) == {DEPLOYED["blue"]: 100 - weight, DEPLOYED["green"]: weight}
    assert [each["weight"] for each in program.result["live"]] == [100 - weight, weight]
    there = {**program.inputs["fraud-traffic"], "endpoint": f"projects/shop/locations/{REGION}/endpoints/1"}
    assert RESOURCES["modelport:vertex:TrafficSplit"].check(there)[1] == []


def test_one_version_gets_all(vertex):
    assert split(vertex()) == {DEPLOYED["blue"]: 100}


def test_each_version_is_a_model_on_machines_of_its_own(release):
    program = release(20)
    models, deployments = (
        [program.inputs[f"fraud-{role}-{slot}"] for slot in DEPLOYED] for role in ("model", "deployment")
    )
    assert [each["versionAliases"] for each in models] == [["stable"], ["candidate"]]
    digests = [{each["name"]: each["value"] for each in model["containerSpec"]["env"]} for model in models]
    assert digests[0]["MODELPORT_DIGEST"] != digests[1]["MODELPORT_DIGEST"]
    assert [each["displayName"] for each in deployments] == ["blue", "green"]
    assert deployments[0]["dedicatedResources"] == deployments[1]["dedicatedResources"]


def test_the_requests_are_divided_once_both_are_deployed(release):
    request = release(20).request("fraud-traffic")
    needed = {urn.rpartition("::")[2] for urn in request.propertyDependencies["percentages"].urns}
    assert {"fraud-deployment-blue", "fraud-deployment-green"} <= needed


def test_a_version_that_is_promoted_keeps_its_machines(release, vertex):
    promoted = {"stable": {"source": "triple.onnx", "slot": "green"}}
    candidate, stable = release(20), vertex({"releases": {"fraud": promoted}})
    name = "fraud-deployment-green"
    assert stable.inputs[name] == candidate.inputs[name]
    assert "fraud-deployment-blue" not in stable.inputs
    assert split(stable) == {DEPLOYED["green"]: 100}
    assert stable.inputs["fraud-model-green"]["versionAliases"] == ["stable"]


def test_a_private_endpoint_is_found_as_before_while_versions_change(release, vertex):
    private = release(20).inputs["fraud-private"]
    assert private == vertex().inputs["fraud-private"]


@pytest.mark.parametrize(
    ("shares", "sections", "words"),
    [
        ({"weight": 0, "mirror": 10}, {}, "Vertex AI copies no requests to another model"),
        ({"weight": 10, "unwaited": 10}, {}, "waits until its machines answer"),
        ({"weight": 10}, {"mode": "batch"}, "a job has one version"),
    ],
)
def test_what_vertex_does_not_do_is_refused_with_the_reason(args, releases, shares, sections, words):
    service = args({"image": IMAGE, "releases": releases(**shares)}, **sections)

    def run():
        with pytest.raises(pulumi.RunError, match=re.escape(words)):
            VertexService("fraud", service)

    assert GcpProgram.run(run, {"gcp:region": REGION}).requests == []


@pytest.mark.parametrize("profile", ["standard", "regulated"])
@pytest.mark.parametrize(("steps", "stopped"), [((10, 50), set()), ((), {"RES-06"})])
def test_versions_take_over_in_steps_in_production(release, profile, steps, stopped):
    program = release(10, {"environment": "prod"}, rollout=Rollout(steps=steps), **PRODUCTION)
    report = modelport_policies.check(export(program), profile)
    found = {each["rule"] for each in report["violations"] if each["level"] == "mandatory"}
    assert found - OF_ITEMS_TO_COME == stopped
