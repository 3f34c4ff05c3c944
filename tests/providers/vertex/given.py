"""Inputs of the resources of Vertex AI, checked."""

from support.vertex.service import PLACE

from modelport.providers.vertex import VertexDeployedModel, VertexModel, VertexTrafficSplit

CPU = "aiplatform.googleapis.com/prediction/online/cpu/utilization"
IMAGE = f"europe-west4-docker.pkg.dev/shop/serving/server@sha256:{'a' * 64}"


def model(**changes):
    where = {"project": "shop", "location": "europe-west4", "name": "fraud"}
    runs = {"image": IMAGE, "artifacts": "gs://shop-fraud/bundles/1", "environment": {"MODELPORT_MODEL": "fraud"}}
    routes = {"predictRoute": "/predict", "healthRoute": "/v2/health/ready"}
    called = {"displayName": "fraud", "description": "fraud 1", "labels": {"owner": "risk"}, "aliases": ["stable"]}
    return checked(VertexModel(), **{**where, **runs, **routes, **called, **changes})


def deployment(endpoint=f"{PLACE}/endpoints/4242", **changes):
    given = {"endpoint": endpoint, "model": f"{PLACE}/models/fraud@1", "name": "stable", "machine": "n2-standard-4"}
    scaled = {
        "minimum": 1,
        "maximum": 3,
        "targets": {CPU: 60},
    }
    return checked(VertexDeployedModel(), **{**given, **scaled, **changes})


def split(endpoint, percentages):
    return checked(VertexTrafficSplit(), endpoint=endpoint, percentages=percentages)


def checked(resource, **inputs):
    """The inputs with their defaults."""
    found, failures = resource.check(inputs)
    assert failures == []
    return found


def quiet(line):
    pass
