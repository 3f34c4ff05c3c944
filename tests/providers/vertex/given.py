"""Inputs of the resources of Vertex AI, checked."""

from support.vertex.service import PLACE

from modelport.providers.vertex import VertexDeployedModel, VertexModel, VertexTrafficSplit

CPU = "aiplatform.googleapis.com/prediction/online/cpu/utilization"
IMAGE = f"europe-west4-docker.pkg.dev/shop/serving/server@sha256:{'a' * 64}"
NEXT_IMAGE = IMAGE.replace("a" * 64, "b" * 64)
STEPS = [{"metricName": CPU, "target": 60}]
L4 = {"machineType": "g2-standard-8", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}


def model(**changes):
    where = {"project": "shop", "location": "europe-west4", "modelId": "fraud"}
    called = {"displayName": "fraud", "versionDescription": "fraud 1", "versionAliases": ["stable"]}
    given = {"containerSpec": container(), "artifactUri": "gs://shop-fraud/bundles/1", "labels": {"owner": "risk"}}
    return checked(VertexModel(), **{**where, **called, **given, **changes})


def container(**changes):
    routes = {"predictRoute": "/predict", "healthRoute": "/v2/health/ready"}
    return {"imageUri": IMAGE, "env": [{"name": "MODELPORT_MODEL", "value": "fraud"}], **routes, **changes}


def deployment(endpoint=f"{PLACE}/endpoints/4242", **changes):
    given = {"endpoint": endpoint, "model": f"{PLACE}/models/fraud@1", "displayName": "stable"}
    return checked(VertexDeployedModel(), **{**given, "dedicatedResources": machines(), **changes})


def machines(**changes):
    scaled = {"minReplicaCount": 1, "maxReplicaCount": 3, "autoscalingMetricSpecs": STEPS}
    return {"machineSpec": {"machineType": "n2-standard-4"}, **scaled, **changes}


def usual(**changes):
    """Machines whose number follows what Vertex AI makes it follow."""
    return {name: value for name, value in machines(**changes).items() if name != "autoscalingMetricSpecs"}


def split(endpoint, percentages):
    return checked(VertexTrafficSplit(), endpoint=endpoint, percentages=percentages)


def checked(resource, **inputs):
    """The inputs with their defaults."""
    found, failures = resource.check(inputs)
    assert failures == []
    return found


def quiet(line):
    pass
