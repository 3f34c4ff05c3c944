"""What Google is too busy for is asked again; what it refuses is said in its own words; no token is shown."""

import pytest
from google.auth.exceptions import DefaultCredentialsError
from providers.vertex.given import model
from support.vertex.service import PLACE, TOKEN

from modelport.errors import ModelportError
from modelport.providers.vertex import VertexModel, google, operations
from modelport.providers.vertex.google import Google

NAME = f"{PLACE}/models/fraud"


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_a_busy_service_is_asked_again(vertex, upload, status):
    vertex.first = [(status, {})] * 3
    assert upload()[1]["versionId"] == "1"
    assert vertex.first == []


def test_a_service_that_says_when_is_asked_then(vertex, upload, monkeypatch):
    slept = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    monkeypatch.setattr(google, "LONGEST_PAUSE", 30.0)
    vertex.first = [(429, {"Retry-After": 7})]
    upload()
    assert slept[0] == 7


def test_a_service_that_stays_busy_is_given_up(vertex, upload, monkeypatch):
    monkeypatch.setattr(google, "PATIENCE", 0.05)
    vertex.first = [(503, {})] * 1000
    with pytest.raises(ModelportError, match="fraud/operations\n  UNAVAILABLE: try later"):
        upload()


def test_a_service_that_is_not_there_is_given_up(vertex, upload, monkeypatch):
    monkeypatch.setattr(google, "PATIENCE", 0.05)
    monkeypatch.setenv("GOOGLE_VERTEX_AI_CUSTOM_ENDPOINT", "http://127.0.0.1:1/")
    with pytest.raises(ModelportError, match="cannot be reached"):
        upload()


def test_an_upload_whose_answer_is_lost_is_not_made_twice(vertex, upload, monkeypatch):
    handle, lost = vertex.handle, []

    def answered(method, path, query, body):
        found = handle(method, path, query, body)
        if path.endswith(":upload") and not lost:
            lost.append(path)
            vertex.first = [(503, {})]
            return handle(method, path, query, body)
        return found

    monkeypatch.setattr(vertex, "handle", answered)
    assert upload()[0] == f"{NAME}@1"
    assert (len(lost), list(vertex.models[NAME])) == (1, ["1"])


def test_a_slow_operation_is_waited_for_and_talked_of(vertex, monkeypatch):
    monkeypatch.setattr(operations, "SAY_SECONDS", 0)
    vertex.slow, said = 5, []
    VertexModel().create(model(), said.append)
    assert said[0].startswith("UploadModel goes on for 0 s")


def test_an_operation_that_takes_too_long_is_left_to_go_on(vertex, upload, monkeypatch):
    vertex.slow = 10**9
    monkeypatch.setattr(operations.time, "monotonic", iter(range(0, 10**6, 10)).__next__)
    with pytest.raises(ModelportError, match=r"models/fraud/operations/1\n  goes on after \d+ s. Run again"):
        upload(seconds=60)
    assert vertex.operations[0].done is None


def test_a_refusal_names_the_fields(vertex, endpoint):
    with pytest.raises(ModelportError) as refused:
        Google.vertex("europe-west4").send("POST", f"{endpoint}:undeployModel", {"name": "x"})
    lines = str(refused.value).splitlines()
    assert lines[:2] == [f"{endpoint}:undeployModel", "  INVALID_ARGUMENT: invalid fields"]
    assert [line.strip() for line in lines[2:]] == ["name: is no field", "deployedModelId: is needed"]


def test_a_wrong_token_is_said_and_not_shown(vertex, upload, monkeypatch):
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "stolen-token")
    with pytest.raises(ModelportError) as refused:
        upload()
    assert "Google accepts no credentials of this environment" in str(refused.value)
    assert "gcloud auth application-default login" in str(refused.value)
    assert "stolen-token" not in str(refused.value)


def test_no_credentials_are_said(vertex, upload, monkeypatch):
    def none(scopes):
        raise DefaultCredentialsError("Your default credentials were not found.")

    monkeypatch.delenv("GOOGLE_OAUTH_ACCESS_TOKEN")
    monkeypatch.setattr("google.auth.default", none)
    with pytest.raises(ModelportError, match="default credentials were not found"):
        upload()


def test_a_token_goes_into_neither_state_nor_clear(upload, monkeypatch):
    assert TOKEN not in repr(upload())
    monkeypatch.setenv("GOOGLE_VERTEX_AI_CUSTOM_ENDPOINT", "http://vertex.example/v1")
    with pytest.raises(ModelportError, match="a token would be sent in clear"):
        upload()


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({}, "https://europe-west4-aiplatform.googleapis.com/v1/"),
        ({"GOOGLE_CLOUD_UNIVERSE_DOMAIN": "apis-cloud.de"}, "https://europe-west4-aiplatform.apis-cloud.de/v1/"),
        ({"GOOGLE_VERTEX_AI_CUSTOM_ENDPOINT": "https://proxy/v1"}, "https://proxy/v1/"),
    ],
)
def test_where_requests_go(monkeypatch, variables, address):
    monkeypatch.delenv("GOOGLE_VERTEX_AI_CUSTOM_ENDPOINT", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Google.vertex("europe-west4").url == address
