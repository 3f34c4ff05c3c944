"""Deployments of an endpoint: beside each other, scaled in place, gone only without requests."""

import re

import pytest
from providers.vertex.given import L4, deployment, machines, quiet, usual
from support.vertex.service import PLACE

from modelport.errors import ModelportError
from modelport.providers.crud import UNKNOWN
from modelport.providers.vertex import VertexDeployedModel

RESOURCE = VertexDeployedModel()


def ids(vertex, endpoint):
    return [each["id"] for each in vertex.endpoints[endpoint].get("deployedModels", [])]


def test_a_deployment_lives_without_requests_until_it_is_undeployed(vertex, endpoint, deploy):
    id, outputs = deploy()
    assert id == f"{endpoint}/deployedModels/{outputs['deployedModelId']}"
    assert ids(vertex, endpoint) == [outputs["deployedModelId"]]
    assert "trafficSplit" not in vertex.endpoints[endpoint]
    assert RESOURCE.read(id, outputs) == outputs
    RESOURCE.delete(id, outputs, quiet)
    assert ids(vertex, endpoint) == []
    assert RESOURCE.read(id, outputs) is None
    RESOURCE.delete(id, outputs, quiet)


def test_another_machine_comes_beside_the_old_one(vertex, endpoint, deploy):
    _, first = deploy()
    _, second = deploy(dedicatedResources=machines(machineSpec=L4))
    assert ids(vertex, endpoint) == [first["deployedModelId"], second["deployedModelId"]]
    machine = vertex.endpoints[endpoint]["deployedModels"][1]["dedicatedResources"]["machineSpec"]
    assert machine == L4


def test_two_releases_of_one_model_are_two_deployments(vertex, endpoint, deploy):
    deploy()
    deploy(displayName="candidate")
    assert len(ids(vertex, endpoint)) == 2


def test_more_machines_come_in_place(vertex, endpoint, deploy):
    id, outputs = deploy()
    more = usual(minReplicaCount=2, maxReplicaCount=5)
    changed = RESOURCE.update(id, deployment(endpoint, dedicatedResources=more), quiet)
    assert changed["dedicatedResources"] == more
    assert RESOURCE.read(id, changed) == changed
    assert ids(vertex, endpoint) == [outputs["deployedModelId"]]
    assert vertex.asked[-1][3]["updateMask"].count("dedicatedResources.") == 3


def test_only_what_differs_is_mutated(vertex, endpoint, deploy):
    id, _ = deploy()
    asked = len(vertex.asked)
    RESOURCE.update(id, deployment(endpoint), quiet)
    assert len(vertex.asked) == asked
    RESOURCE.update(id, deployment(endpoint, dedicatedResources=machines(maxReplicaCount=4)), quiet)
    assert vertex.asked[-1][3]["updateMask"] == "dedicatedResources.maxReplicaCount"


def test_a_deployment_that_is_there_is_taken_over_and_scaled(vertex, endpoint, deploy):
    _, first = deploy()
    _, second = deploy(dedicatedResources=machines(maxReplicaCount=5))
    assert ids(vertex, endpoint) == [first["deployedModelId"]]
    assert second["dedicatedResources"]["maxReplicaCount"] == 5
    assert vertex.endpoints[endpoint]["deployedModels"][0]["dedicatedResources"]["maxReplicaCount"] == 5


def test_one_with_requests_stays(vertex, endpoint, deploy, divide):
    id, outputs = deploy()
    divide({outputs["deployedModelId"]: 100})
    with pytest.raises(ModelportError, match=r"deployedModels/\d+\n  still gets 100 % of the requests"):
        RESOURCE.delete(id, outputs, quiet)
    assert ids(vertex, endpoint) == [outputs["deployedModelId"]]


def test_a_container_that_does_not_come_up_shows_its_last_words(vertex, deploy):
    vertex.broken, vertex.said = "Model server never became ready", ("loading", "no memory left")
    with pytest.raises(ModelportError) as failed:
        deploy()
    text = str(failed.value)
    assert "\n  FAILED_PRECONDITION: Model server never became ready\n" in text
    assert text.endswith("its containers said last:\n    loading\n    no memory left")
    (asked,) = (body for _, path, _, body in vertex.asked if path == "entries:list")
    assert re.search(r'labels.deployed_model_id="1\d{9}"', asked["filter"])


def test_a_container_that_says_nothing_is_no_second_error(vertex, deploy, monkeypatch):
    vertex.broken = "Model server never became ready"
    monkeypatch.setenv("GOOGLE_LOGGING_CUSTOM_ENDPOINT", "http://127.0.0.1:1/")
    with pytest.raises(ModelportError, match=r"its containers have said nothing that can be read$"):
        deploy()


def test_too_few_machines_is_said_at_once(vertex, deploy):
    vertex.machines = 2
    asked = []
    vertex.before = lambda method, path: asked.append(path)
    with pytest.raises(ModelportError, match=r"RESOURCE_EXHAUSTED: .*custom_model_serving_cpus"):
        deploy()
    assert sum("deployModel" in path for path in asked) == 1


def test_an_endpoint_that_is_not_there_is_named(upload):
    upload()
    with pytest.raises(ModelportError, match=f"{PLACE}/endpoints/7\n  is not there"):
        RESOURCE.create(deployment(f"{PLACE}/endpoints/7"), quiet)


def test_a_deployment_is_imported_by_its_name(deploy):
    id, outputs = deploy(dedicatedResources=machines(machineSpec=L4, spot=True), enableAccessLogging=True)
    assert RESOURCE.read(id, {}) == outputs


def test_something_else_is_not_imported(endpoint):
    with pytest.raises(ModelportError, match="is no deployed model: projects/PROJECT"):
        RESOURCE.read(endpoint, {})


def test_behind_a_private_endpoint_it_says_where_networks_connect(vertex, endpoint, deploy):
    vertex.endpoints[endpoint]["privateServiceConnectConfig"] = {"enablePrivateServiceConnect": True}
    id, outputs = deploy()
    assert outputs["serviceAttachment"].startswith("projects/tenant/regions/europe-west4/serviceAttachments/")
    assert RESOURCE.read(id, outputs) == outputs


def test_what_somebody_else_scales_is_seen(vertex, endpoint, deploy):
    id, outputs = deploy()
    vertex.endpoints[endpoint]["deployedModels"][0]["dedicatedResources"]["minReplicaCount"] = 2
    assert RESOURCE.read(id, outputs) == {**outputs, "dedicatedResources": machines(minReplicaCount=2)}


@pytest.mark.parametrize(
    ("changes", "replaced"),
    [
        ({"seconds": 1}, ()),
        ({"dedicatedResources": machines(minReplicaCount=2)}, ()),
        ({"dedicatedResources": usual()}, ()),
        ({"dedicatedResources": machines(machineSpec=L4)}, ("dedicatedResources",)),
        ({"model": f"{PLACE}/models/fraud@2"}, ("model",)),
        ({"displayName": "candidate"}, ("displayName",)),
        ({"disableContainerLogging": True}, ("disableContainerLogging",)),
    ],
)
def test_what_is_a_change_and_what_another_deployment(changes, replaced):
    found = RESOURCE.diff(deployment(), deployment(**changes))
    assert (set(found.properties), found.replaces) == (set(changes) - {"seconds"}, replaced)


def test_a_preview_says_what_is_not_known_yet():
    assert RESOURCE.plan({}, deployment())["deployedModelId"] == UNKNOWN
    assert RESOURCE.plan({**deployment(), "deployedModelId": "17"}, deployment(seconds=1))["deployedModelId"] == "17"
    checked, failures = RESOURCE.check({**deployment(), "model": UNKNOWN})
    assert (checked["model"], failures) == (UNKNOWN, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"dedicatedResources": machines(minReplicaCount=4)},
        {"dedicatedResources": machines(minReplicaCount=0)},
        {"dedicatedResources": machines(machineSpec={"machineType": "a", "acceleratorType": "NVIDIA_L4"})},
        {"dedicatedResources": machines(machineSpec={"machineType": "a", "acceleratorCount": 1})},
        {"model": f"{PLACE}/models/fraud"},
        {"endpoint": "4242"},
        {"dedicatedResources": machines(autoscalingMetricSpecs=[{"metricName": "cpu", "target": 0}])},
    ],
)
def test_wrong_inputs_are_refused(changes):
    assert RESOURCE.check({**deployment(), **changes})[1]
