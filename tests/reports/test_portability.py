import json

import pytest

from modelport.reports.portability import LIMITS, lint
from modelport.spec import ModelSpec, leaf_fields, leaf_values
from modelport.targets import NAMES


def found(service):
    return {(finding.limit.field, finding.limit.target, finding.limit.severity) for finding in lint(service)}


def test_the_defaults_run_everywhere(write):
    assert lint(write()) == []


def test_a_finding_says_where_and_why(write):
    (finding,) = lint(write("request:\n  timeout: 4m\nmode: async\nstartupSeconds: 30\n"))
    assert str(finding) == "fraud.yaml:6  startupSeconds: 30\n  warning on sagemaker: a start is given at least 60 s."
    assert json.loads(json.dumps(finding.to_json()))["line"] == 6


@pytest.mark.parametrize(
    ("payload", "broken"),
    [
        ("1Mi", set()),
        ("6Mi", set()),
        ("7Mi", {("sagemaker", "error")}),
        ("20Mi", {("vertex", "error"), ("sagemaker", "error")}),
    ],
)
def test_each_target_has_its_own_largest_synchronous_request(write, payload, broken):
    assert {each[1:] for each in found(write(f"request: {{payload: {payload}}}\n"))} == broken


def test_an_asynchronous_service_may_take_more_and_longer(write):
    assert lint(write("mode: async\nrequest: {payload: 100Mi, timeout: 30m}\n")) == []


def test_a_serverless_request_is_smaller(write):
    assert ("request.payload", "sagemaker", "error") in found(write("mode: serverless\nrequest: {payload: 5Mi}\n"))


def test_the_time_of_an_answer_is_bounded(write):
    assert found(write("request: {timeout: 60s}\n")) == set()
    assert found(write("request: {timeout: 61s}\n")) == {("request.timeout", "sagemaker", "error")}
    assert ("request.timeout", "azureml", "error") in found(write("request: {timeout: 181s}\n"))
    assert "vertex" not in {target for _, target, _ in found(write("request: {timeout: 600s}\n"))}
    assert ("request.timeout", "vertex", "error") in found(write("request: {timeout: 601s}\n"))


def test_what_some_platform_lacks_is_found(write):
    text = "protocols: {grpc: true}\nscaling: {scaleToZero: true}\nrollout: {mirror: 60}\n"
    assert found(write(text)) == {
        ("protocols.grpc", "sagemaker", "error"),
        ("protocols.grpc", "vertex", "warning"),
        ("protocols.grpc", "azureml", "error"),
        ("scaling.scaleToZero", "sagemaker", "error"),
        ("scaling.scaleToZero", "vertex", "warning"),
        ("scaling.scaleToZero", "azureml", "error"),
        ("rollout.mirror", "vertex", "error"),
        ("rollout.mirror", "azureml", "error"),
    }


def test_findings_stand_in_the_order_of_the_file(write):
    lines = [finding.origin.line for finding in lint(write("startupSeconds: 9\nprotocols: {grpc: true}\n"))]
    assert lines == sorted(lines) and len(lines) == 4


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: f"{limit.field}-{limit.target}-{limit.severity}")
def test_a_limit_is_about_a_field_and_a_target_that_exist(limit, write):
    assert limit.field in leaf_fields(ModelSpec) and limit.target in NAMES
    assert not limit.is_broken_by(leaf_values(write().spec)[limit.field])
    assert limit.message.endswith(".")
