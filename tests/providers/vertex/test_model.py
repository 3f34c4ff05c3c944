"""Versions of a model in the registry: each once, under its names, gone with the last."""

import pytest
from providers.vertex.given import IMAGE, NEXT_IMAGE, container, model, quiet
from support.vertex.service import PLACE

from modelport.errors import ModelportError
from modelport.providers.crud import UNKNOWN
from modelport.providers.vertex import VertexModel

RESOURCE = VertexModel()
NAME = f"{PLACE}/models/fraud"


def test_a_version_lives_from_upload_to_deletion(vertex, upload):
    id, outputs = upload()
    assert (id, outputs["versionId"], outputs["versionName"]) == (f"{NAME}@1", "1", f"{NAME}@1")
    version = vertex.models[NAME]["1"]
    assert version["containerSpec"]["imageUri"] == IMAGE
    assert {"stable", "default"} < set(version["versionAliases"])
    assert RESOURCE.read(id, outputs) == outputs
    RESOURCE.delete(id, outputs, quiet)
    assert vertex.models == {}
    assert RESOURCE.read(id, outputs) is None
    RESOURCE.delete(id, outputs, quiet)


def test_another_image_is_another_version_and_takes_the_names(vertex, upload):
    first, _ = upload()
    second, outputs = upload(containerSpec=container(imageUri=NEXT_IMAGE))
    assert (first, second) == (f"{NAME}@1", f"{NAME}@2")
    assert "stable" not in vertex.models[NAME]["1"]["versionAliases"]
    assert outputs["versionAliases"] == ["stable"]
    assert RESOURCE.read(second, outputs) == outputs


def test_a_version_that_is_there_is_taken_over(vertex, upload):
    upload(labels={"owner": "nobody"}, versionAliases=["candidate"])
    id, outputs = upload()
    assert list(vertex.models[NAME]) == ["1"]
    assert RESOURCE.read(id, outputs) == outputs


def test_the_default_version_can_go_before_the_others(vertex, upload):
    id, outputs = upload()
    upload(containerSpec=container(imageUri=NEXT_IMAGE))
    upload(artifactUri="gs://shop-fraud/bundles/2", versionAliases=["candidate"])
    RESOURCE.delete(id, outputs, quiet)
    assert list(vertex.models[NAME]) == ["2", "3"]
    assert "default" in vertex.models[NAME]["3"]["versionAliases"]


def test_names_and_labels_change_in_place(vertex, upload):
    id, _ = upload()
    called = {"displayName": "Fraud", "versionAliases": ["golden"], "versionDescription": ""}
    changed = model(labels={"owner": "risk", "tier": "1"}, **called)
    outputs = RESOURCE.update(id, changed, quiet)
    assert RESOURCE.read(id, outputs) == outputs
    assert vertex.models[NAME]["1"]["displayName"] == "Fraud"
    assert {"stable", "golden"} & set(vertex.models[NAME]["1"]["versionAliases"]) == {"golden"}


def test_what_somebody_else_changes_is_seen(vertex, upload):
    id, outputs = upload()
    vertex.models[NAME]["1"]["labels"] = {}
    vertex.models[NAME]["1"]["versionAliases"] += ["other"]
    assert RESOURCE.read(id, outputs) == {**outputs, "labels": {}, "versionAliases": ["other", "stable"]}


def test_a_model_of_the_same_name_that_somebody_else_made_is_not_ours(vertex, upload):
    id, outputs = upload()
    vertex.models[NAME]["1"]["artifactUri"] = "gs://elsewhere"
    assert RESOURCE.read(id, outputs) is None


def test_a_version_is_imported_by_its_name(upload):
    id, outputs = upload(containerSpec=container(grpcPorts=[{"containerPort": 8081}], args=["--verbose"]))
    assert RESOURCE.read(id, {}) == outputs


def test_a_version_that_no_inputs_would_make_is_not_imported(vertex, upload):
    id, _ = upload()
    vertex.models[NAME]["1"]["containerSpec"]["livenessProbe"] = {}
    with pytest.raises(ModelportError, match=r"fraud@1\n  is not as modelport makes it:\n    containerSpec.liveness"):
        RESOURCE.read(id, {})


def test_something_else_is_not_imported():
    with pytest.raises(ModelportError, match=r"^fraud\n  is no version of a model: projects/PROJECT"):
        RESOURCE.read("fraud", {})


def test_a_version_that_somebody_else_has_deployed_stays(vertex, deploy):
    deploy()
    said = []
    RESOURCE.delete(f"{NAME}@1", model(), said.append)
    assert list(vertex.models[NAME]) == ["1"]
    assert said == ["fraud@1 is deployed elsewhere, and stays"]


@pytest.mark.parametrize(
    ("changes", "replaced"),
    [
        ({}, ()),
        ({"seconds": 1}, ()),
        ({"labels": {}}, ()),
        ({"versionAliases": ["golden"]}, ()),
        ({"displayName": "Fraud"}, ()),
        ({"artifactUri": "gs://shop-fraud/bundles/2"}, ("artifactUri",)),
        ({"containerSpec": container(env=[])}, ("containerSpec",)),
        ({"location": "us-central1"}, ("location",)),
    ],
)
def test_what_is_a_change_and_what_another_version(changes, replaced):
    found = RESOURCE.diff(model(), model(**changes))
    assert (set(found.properties), found.replaces) == (set(changes) - {"seconds"}, replaced)


def test_an_image_that_is_not_known_yet_is_not_judged():
    _, failures = RESOURCE.check({**model(), "containerSpec": container(imageUri=UNKNOWN)})
    assert failures == []


def test_a_preview_says_what_is_not_known_yet():
    assert RESOURCE.plan({}, model())["versionName"] == UNKNOWN
    old = {**model(), "versionId": "3", "versionName": f"{NAME}@3"}
    assert RESOURCE.plan(old, model(labels={}))["versionId"] == "3"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("modelId", "Fraud"),
        ("modelId", "9lives"),
        ("containerSpec", container(imageUri="server:latest")),
        ("artifactUri", "s3://bucket"),
        ("versionAliases", ["-golden"]),
        ("labels", {"Owner!": "x"}),
        ("containerSpec", container(predictRoute="predict")),
        ("encryptionSpec", {"kmsKeyName": "fraud"}),
        ("location", "global"),
    ],
)
def test_a_wrong_input_is_named(name, value):
    _, failures = RESOURCE.check({**model(), name: value})
    assert [failure.property.split(".")[0] for failure in failures] == [name]


def test_variables_of_the_platform_are_refused():
    _, failures = RESOURCE.check({**model(), "containerSpec": container(env=[{"name": "AIP_HTTP_PORT", "value": "1"}])})
    assert "AIP_HTTP_PORT, which Vertex AI sets itself" in failures[0].reason
