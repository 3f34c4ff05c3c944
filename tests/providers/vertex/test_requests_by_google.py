"""Every request is one that Google's own client would send."""

from copy import deepcopy

import pytest
from providers.vertex.given import deployment, model, quiet, split
from support.vertex.judge import METHODS, verdicts

from modelport.providers.vertex import VertexDeployedModel, VertexModel, VertexTrafficSplit

EVERYTHING = {
    "grpcPort": 8081,
    "args": ["--verbose"],
    "startupSeconds": 900,
    "kmsKey": "projects/shop/locations/europe-west4/keyRings/fraud/cryptoKeys/fraud",
}
GPU = {
    "machine": "g2-standard-8",
    "accelerator": "NVIDIA_L4",
    "accelerators": 1,
    "spot": True,
    "serviceAccount": "fraud@shop.iam.gserviceaccount.com",
    "containerLogs": False,
    "accessLogs": True,
}


@pytest.fixture
def asked(vertex, endpoint, upload):
    """Every request that changes something, of two releases from the beginning to the end."""
    models, deployments, traffic = VertexModel(), VertexDeployedModel(), VertexTrafficSplit()
    first, _ = upload()
    second, _ = upload(**EVERYTHING, aliases=["candidate"])
    models.update(first, model(labels={}, displayName="Fraud"), quiet)
    ids = []
    for name, version, machines in (("stable", first, {}), ("candidate", second, GPU)):
        id, _ = deployments.create(deployment(endpoint, name=name, model=version, **machines), quiet)
        ids.append(id.rpartition("/")[2])
    traffic.create(split(endpoint, {ids[0]: 80, ids[1]: 20}), quiet)
    deployments.update(
        f"{endpoint}/deployedModels/{ids[0]}", deployment(endpoint, minimum=2, maximum=5, targets={}), quiet
    )
    traffic.delete(endpoint, {}, quiet)
    for id in ids:
        deployments.delete(f"{endpoint}/deployedModels/{id}", deployment(endpoint), quiet)
    for version in (first, second):
        models.delete(version, model(), quiet)
    return list(vertex.asked)


def test_every_request_is_as_google_has_it(asked):
    found = verdicts(asked)
    assert [each for each in found if each[1]] == []
    assert {method for method, _ in found} == {method for _, _, method, _ in METHODS}


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
