"""Every request is one that Google's own client would send."""

from copy import deepcopy

import pytest
from providers.vertex.given import L4, NEXT_IMAGE, container, deployment, machines, model, quiet, split, usual
from support.vertex.judge import METHODS, verdicts

from modelport.providers.vertex import VertexDeployedModel, VertexModel, VertexTrafficSplit

PROBE = {"httpGet": {"path": "/v2/health/ready", "port": 8080}, "periodSeconds": 9, "timeoutSeconds": 10}
EVERYTHING = {
    "containerSpec": container(
        imageUri=NEXT_IMAGE,
        args=["--verbose"],
        ports=[{"containerPort": 8080}],
        grpcPorts=[{"containerPort": 8081}],
        startupProbe={**PROBE, "failureThreshold": 100},
        deploymentTimeout="2700s",
    ),
    "encryptionSpec": {"kmsKeyName": "projects/shop/locations/europe-west4/keyRings/fraud/cryptoKeys/fraud"},
}
GPU = {
    "dedicatedResources": machines(machineSpec=L4, spot=True),
    "serviceAccount": "fraud@shop.iam.gserviceaccount.com",
    "disableContainerLogging": True,
    "enableAccessLogging": True,
}


@pytest.fixture
def asked(vertex, endpoint, upload):
    """Every request that changes something, of two releases from the beginning to the end."""
    models, deployments, traffic = VertexModel(), VertexDeployedModel(), VertexTrafficSplit()
    first, _ = upload()
    second, _ = upload(**EVERYTHING, versionAliases=["candidate"])
    models.update(first, model(labels={}, displayName="Fraud"), quiet)
    ids = []
    for name, version, runs in (("stable", first, {}), ("candidate", second, GPU)):
        id, _ = deployments.create(deployment(endpoint, displayName=name, model=version, **runs), quiet)
        ids.append(id.rpartition("/")[2])
    traffic.create(split(endpoint, {ids[0]: 80, ids[1]: 20}), quiet)
    more = usual(minReplicaCount=2, maxReplicaCount=5)
    deployments.update(f"{endpoint}/deployedModels/{ids[0]}", deployment(endpoint, dedicatedResources=more), quiet)
    traffic.delete(endpoint, {}, quiet)
    for id in ids:
        deployments.delete(f"{endpoint}/deployedModels/{id}", deployment(endpoint), quiet)
    for version in (first, second):
        models.delete(version, model(), quiet)
    return list(vertex.asked)


def test_every_request_is_as_google_has_it(asked):
    found = verdicts(asked)
    assert [each for each in found if each[1]] == []
    assert {method for method, _ in found} == {method for _, service, method, _ in METHODS if service != "JobService"}


WRONG = {
    "an unknown field": ("UploadModel", "model.artifactURI", "gs://x"),
    "a number as a name": ("UploadModel", "model.displayName", 7),
    "a container as text": ("UploadModel", "model.containerSpec", "server"),
    "no image": ("UploadModel", "model.containerSpec.imageUri", None),
    "no name": ("UploadModel", "model.displayName", None),
    "a port as text": ("UploadModel", "model.containerSpec.ports", [{"port": 8080}]),
    "variables as a map": ("UploadModel", "model.containerSpec.env", {"A": "b"}),
    "a variable without value": ("UploadModel", "model.containerSpec.env", [{"name": "A"}]),
    "a timeout without unit": ("UploadModel", "model.containerSpec.deploymentTimeout", "2700"),
    "labels that are no text": ("UploadModel", "model.labels", {"owner": 1}),
    "a version's id": ("UploadModel", "model.versionId", "1"),
    "a default that is said": ("UploadModel", "model.description", ""),
    "another probe": ("UploadModel", "model.containerSpec.startupProbe.http", {"path": "/"}),
    "an alias that is no list": ("MergeVersionAliases", "versionAliases", "golden"),
    "no alias": ("MergeVersionAliases", "versionAliases", None),
    "no model": ("DeployModel", "deployedModel", None),
    "no resources' machine": ("DeployModel", "deployedModel.dedicatedResources.machineSpec", None),
    "no fewest machines": ("DeployModel", "deployedModel.dedicatedResources.minReplicaCount", None),
    "half a machine": ("DeployModel", "deployedModel.dedicatedResources.minReplicaCount", 0.5),
    "an accelerator that is none": (
        "DeployModel",
        "deployedModel.dedicatedResources.machineSpec.acceleratorType",
        "NVIDIA_L5",
    ),
    "a metric without name": (
        "DeployModel",
        "deployedModel.dedicatedResources.autoscalingMetricSpecs",
        [{"target": 60}],
    ),
    "a time of creation": ("DeployModel", "deployedModel.createTime", "2026-01-01T00:00:00Z"),
    "a share that is no number": ("UpdateEndpoint", "trafficSplit", {"1": "all"}),
    "shares in a list": ("UpdateEndpoint", "trafficSplit", [100]),
    "no mask": ("MutateDeployedModel", "updateMask", None),
    "a mask in a list": ("MutateDeployedModel", "updateMask", ["dedicatedResources"]),
    "no id": ("UndeployModel", "deployedModelId", None),
}


def test_the_judge_refuses_what_is_wrong(asked):
    right = {method: each for each, (method, _) in zip(asked, verdicts(asked), strict=True)}
    wrong = [changed(right[method], path, value) for method, path, value in WRONG.values()]
    assert [name for name, (_, found) in zip(WRONG, verdicts(wrong), strict=True) if not found] == []


@pytest.mark.parametrize(
    ("verb", "path"), [("PUT", "{endpoint}:deployModel"), ("PATCH", "{endpoint}:mutateDeployedModel")]
)
def test_the_judge_knows_no_other_verbs(endpoint, verb, path):
    with pytest.raises(AssertionError, match="Google has no"):
        verdicts([(verb, path.format(endpoint=endpoint), {}, {})])


def changed(asked, path, value):
    """A request with another value, or none, at a path of its body."""
    verb, where, query, body = deepcopy(asked)
    *outer, last = path.split(".")
    inner = body
    for name in outer:
        inner = inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return verb, where, query, body
