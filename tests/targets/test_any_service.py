"""What a target does not refuse asks for nothing that its cloud does not take, and breaks no mandatory control."""

import pulumi
import pytest
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st
from support.aws import given as aws
from support.aws.export import export as aws_export
from support.aws.judge import judge
from support.aws.kinds import REGION
from support.aws.program import AwsProgram
from support.aws.requests import requests_of
from support.gcp import given as gcp
from support.gcp.export import export as gcp_export
from support.gcp.program import REGION as GCP_REGION
from support.gcp.program import GcpProgram
from support.models import save, scaling

import modelport_policies
from modelport import Environment, ModelServiceArgs, ModelSpec, SageMakerService, VertexService

HERE = {
    "stack": "dev",
    "targets": ("sagemaker",),
    "environment": "dev",
    "image": f"registry.example/models/modelport-server@sha256:{'a' * 64}",
}
DAYS = st.integers(1, 400).map("{}d".format)
SCHEDULE = [{"cron": "0 8 * * 1-5", "min": 3, "max": 6}, {"cron": "0 20 * * 1-5", "min": 1, "max": 4}]


def some(**fields):
    """A section that says some of its fields."""
    return st.fixed_dictionaries({}, optional=fields)


TARGETS = some(
    metric=st.sampled_from(["cpu", "accelerator", "requestsPerSecond", "concurrency", "waiting"]),
    value=st.sampled_from([0.5, 1, 60, 70.5]),
)
SCALING = some(
    min=st.integers(1, 4),
    max=st.sampled_from([4, 10, 100]),
    target=TARGETS,
    schedule=st.just(SCHEDULE),
    scaleToZero=st.booleans(),
)
SECTIONS = some(
    mode=st.sampled_from(["realtime", "serverless", "async", "batch"]),
    scaling=SCALING,
    compute=some(
        cpu=st.sampled_from([0.5, 4, 40]),
        memory=st.sampled_from(["1Gi", "5Gi", "7Gi", "500Gi"]),
        accelerator=st.sampled_from([{"kind": "nvidia-l4"}, {"kind": "nvidia-t4", "count": 4}, None]),
    ),
    request=some(
        timeout=st.sampled_from(["1s", "60s", "61s", "20m", "1h"]),
        payload=st.sampled_from(["1Ki", "1Mi", "5Mi", "6Mi", "60Mi", "1Gi"]),
        concurrency=st.sampled_from([1, 16, 100, 1000]),
    ),
    startupSeconds=st.sampled_from([1, 60, 181, 3600]),
    rollout=some(
        steps=st.sampled_from([[], [10], [25, 50, 75], [10, 50], [50], [100], [90], [1, 2, 3]]),
        bake=st.sampled_from(["0s", "10m", "2h"]),
        rollbackOn=st.lists(st.sampled_from(["errors", "latency", "saturation"]), unique=True),
    ),
    slo=some(
        availability=st.sampled_from([50, 99.9, 99.999]),
        latency=some(
            p50=st.sampled_from(["10ms"]),
            p95=st.sampled_from(["50ms", "2s"]),
            p99=st.sampled_from(["2s", "10s"]),
        ),
    ),
    monitoring=some(
        capture=some(percent=st.sampled_from([0, 1, 33.3, 100]), retention=DAYS),
        alerts=some(
            enabled=st.booleans(),
            notify=st.sampled_from(
                [[], ["a@example.com", "https://hooks.example.com/1"], [aws.TOPIC["topic"]], [gcp.TOPIC["topic"]]]
            ),
            modelAge=st.just(None),
        ),
    ),
    budget=st.sampled_from([None, {"amount": 12.5}]),
    security=some(dataClass=st.sampled_from(["public", "personal"])),
)
ON_AWS = some(**{name: st.just(value) for name, value in {**aws.GIVEN, **aws.GROUPS, **aws.TOPIC}.items()})
ON_GOOGLE = some(**{name: st.just(value) for name, value in {**gcp.GIVEN, **gcp.TOPIC}.items()})
VERSIONS = st.sampled_from(
    [
        {},
        {"stable": {"source": "double.onnx"}},
        *(
            {"stable": {"source": "double.onnx"}, "candidate": {"source": "triple.onnx"}, **share}
            for share in ({"weight": 0}, {"weight": 20}, {"weight": 100}, {"weight": 0, "mirror": 50})
        ),
    ]
)
OWNED = {
    "metadata": {"name": "fraud", "owner": "risk", "costCenter": "4711"},
    "model": {"source": "double.onnx"},
    "governance": {"riskClass": "minimal"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    (folder / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    for name, factor in {"double": 2.0, "triple": 3.0}.items():
        save(scaling(factor), folder / f"{name}.onnx")
    return folder


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(SECTIONS, ON_AWS, VERSIONS)
def test_what_sagemaker_does_not_refuse_is_what_aws_takes_and_every_policy_allows(
    folder, monkeypatch, sections, existing, versions
):
    monkeypatch.chdir(folder)
    service = any_service(sections, existing, versions)
    program = AwsProgram.run(lambda: built(SageMakerService, service), {"aws:region": REGION})
    event("refused" if program.result else "planned")
    if program.result:
        assert program.requests == []
        return
    assert judge(requests_of(program)).problems == []
    assert mandatory(aws_export(program)) == set()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(SECTIONS, ON_GOOGLE, some(exposure=st.sampled_from(["private", "public"])))
def test_what_vertex_does_not_refuse_is_what_every_policy_allows(folder, monkeypatch, sections, existing, security):
    monkeypatch.chdir(folder)
    service = any_service({**sections, "security": {**sections.get("security", {}), **security}}, existing, {})
    program = GcpProgram.run(lambda: built(VertexService, service), {"gcp:region": GCP_REGION})
    event("refused" if program.result else "planned")
    if program.result:
        assert program.requests == []
        return
    assert mandatory(gcp_export(program)) == set()


def any_service(sections, existing, versions):
    """The arguments of a service for which the config's own rules have nothing against these parts."""
    releases = {"fraud": versions} if versions else {}
    try:
        spec = ModelSpec.model_validate({**OWNED, **sections})
    except ValueError:
        reject()
    return ModelServiceArgs(spec, Environment(**HERE, existing=existing, releases=releases))


def built(component, service):
    """Make a service; why it is refused, or nothing."""
    try:
        component("fraud", service)
    except pulumi.RunError as error:
        return str(error)
    return ""


def mandatory(exported):
    report = modelport_policies.check(exported, "regulated")
    assert not report["undecided"]
    return {(each["rule"], each["message"]) for each in report["violations"] if each["level"] == "mandatory"}
