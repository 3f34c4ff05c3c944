"""Models, deployments and requests in whole stacks on the embedded engine, with the plugin."""

import json

import pytest
from providers.vertex.given import deployment, machines, model
from support.stack import Stack
from support.vertex.service import PLACE, TOKEN

PROGRAM = """
import json
from pathlib import Path

import pulumi
from modelport.targets.provider import of_plugin

asked = json.loads(Path("asked.json").read_text())


class Model(pulumi.CustomResource):
    versionName: pulumi.Output[str]

    def __init__(self, name, props):
        outputs = {"versionId": None, "versionName": None}
        super().__init__("modelport:vertex:Model", name, {**outputs, **props}, of_plugin(None))


class DeployedModel(pulumi.CustomResource):
    deployedModelId: pulumi.Output[str]

    def __init__(self, name, props):
        outputs = {"deployedModelId": None}
        super().__init__("modelport:vertex:DeployedModel", name, {**outputs, **props}, of_plugin(None))


shares = {}
for role, release in asked["releases"].items():
    model = Model(f"model-{role}", release["model"])
    shares[role] = DeployedModel(role, {**release["deployment"], "model": model.versionName}).deployedModelId
split = pulumi.Output.all(**shares).apply(lambda ids: {id: asked["shares"][role] for role, id in ids.items()})
pulumi.CustomResource(
    "modelport:vertex:TrafficSplit", "traffic", {"endpoint": asked["endpoint"], "percentages": split}, of_plugin(None)
)
pulumi.export("split", split)
"""
NAME = f"{PLACE}/models/fraud"


@pytest.fixture
def dev(vertex, endpoint, tmp_path):
    """A stack with one release, which has all requests."""
    vertex.slow = 0
    with Stack(tmp_path / "project", PROGRAM) as stack:
        stack.releases, stack.shares = {}, {}

        def ask():
            asked = {"endpoint": endpoint, "releases": stack.releases, "shares": stack.shares}
            (stack.folder / "asked.json").write_text(json.dumps(asked))

        def release(role, version, share, machine="n2-standard-4"):
            stack.shares[role] = share
            content = model(artifactUri=f"gs://shop-fraud/bundles/{version}", versionAliases=[role])
            runs = {"displayName": role, "dedicatedResources": machines(machineSpec={"machineType": machine})}
            stack.releases[role] = {"model": content, "deployment": deployment(endpoint, **runs)}
            ask()

        def abort(role):
            del stack.releases[role]
            ask()

        stack.release, stack.abort = release, abort
        release("stable", 1, 100)
        yield stack


@pytest.fixture
def shares(vertex, endpoint):
    """Who has the requests: percent by the name of the deployment and the version of the model."""

    def shares():
        live = vertex.endpoints[endpoint]
        models = {each["id"]: f"{each['displayName']} {each['modelVersionId']}" for each in live["deployedModels"]}
        return {models[id]: share for id, share in live["trafficSplit"].items()}

    return shares


def test_a_release_from_the_first_request_to_the_last(dev, vertex, endpoint, shares):
    dev.up()
    assert dev.errors == []
    assert shares() == {"stable 1": 100}
    dev.up()
    assert set(dev.operations.values()) == {"same"}

    dev.release("candidate", 2, 20)
    dev.release("stable", 1, 80)
    dev.up()
    assert shares() == {"stable 1": 80, "candidate 2": 20}

    dev.abort("candidate")
    dev.release("stable", 2, 100)
    dev.up()
    assert dev.errors == []
    assert shares() == {"stable 2": 100}
    assert list(vertex.models[NAME]) == ["2"]

    dev.destroy()
    assert dev.errors == []
    assert (vertex.models, vertex.endpoints[endpoint]["deployedModels"]) == ({}, [])


def test_requests_never_go_where_nothing_is(dev, vertex, endpoint, shares):
    seen = []

    def look(method, path):
        live = vertex.endpoints[endpoint]
        seen.append((set(live.get("trafficSplit", {})), {each["id"] for each in live.get("deployedModels", [])}))

    dev.up()
    vertex.before = look
    dev.release("stable", 2, 100, machine="n2-standard-8")
    dev.up()
    assert shares() == {"stable 2": 100}
    assert all(split and split <= there for split, there in seen)
    assert max(len(there) for _, there in seen) == 2


def test_a_preview_asks_nothing_and_knows_what_is_unknown(dev, vertex):
    dev.preview()
    assert dev.errors == []
    assert set(dev.operations.values()) == {"create"}
    assert vertex.asked == []


def test_what_somebody_else_changes_is_seen_and_put_right(dev, vertex, endpoint, shares):
    dev.up()
    deployed = vertex.endpoints[endpoint]["deployedModels"][0]
    deployed["dedicatedResources"]["maxReplicaCount"] = 9
    assert dev.refresh().changes["update"] == 1
    dev.up()
    assert dev.operations["stable"] == "update"
    assert vertex.endpoints[endpoint]["deployedModels"][0]["dedicatedResources"]["maxReplicaCount"] == 3


def test_a_deployment_that_fails_leaves_the_requests_where_they_are(dev, vertex, shares):
    dev.up()
    vertex.broken, vertex.said = "Model server never became ready", ("no memory left",)
    dev.release("stable", 2, 100)
    dev.up()
    assert "no memory left" in "".join(dev.errors)
    assert shares() == {"stable 1": 100}
    vertex.broken = ""
    dev.up()
    assert dev.errors == []
    assert shares() == {"stable 2": 100}
    assert list(vertex.models[NAME]) == ["2"]


def test_the_token_is_nowhere(dev):
    dev.up()
    texts = [path.read_text("utf-8", "replace") for path in dev.folder.rglob("*") if path.is_file()]
    assert any(NAME in text for text in texts)
    assert not any(TOKEN in text for text in texts)
