"""What is planned for Kubernetes, judged by the policy pack."""

import json

import pytest
from support.golden import FOLDER
from support.judged import violations
from support.kubernetes_page import exemptions
from support.models import save, scaling

import modelport_policies
from modelport import KubernetesService
from modelport.spec import (
    Compute,
    Governance,
    Metadata,
    Monitoring,
    Protocols,
    Release,
    Releases,
    Scaling,
    Security,
    Slo,
)

OWNED = {
    "metadata": Metadata(name="fraud", owner="risk", cost_center="4711"),
    "governance": Governance(risk_class="high"),
}
CARD = {
    "risk_class": "high",
    "intended_use": "holding back payments",
    "training_data": "https://example.com/data",
    "evaluation": "https://example.com/report",
    "oversight_contact": "risk",
}
DOMAIN = {"domain": "models.example.com", "gateway_namespace": "edge", "issuer": "letsencrypt"}
OPEN = {"security": Security(exposure="public", auth="none"), "protocols": Protocols(grpc=True)}
TRIAL = {"fraud": Releases(stable=Release(source="double.onnx"), candidate=Release(source="next.onnx"), weight=10)}
POOL = {"name": "l4", "kind": "nvidia-l4", "nodes": ["l4-0", "l4-1"], "gpusPerNode": 4}
GPU = Compute(accelerator={"kind": "nvidia-l4"})
STACKS = {
    "nothing else": ({}, {}),
    "production": ({"environment": "prod"}, {}),
    "a fixed number": ({}, {"scaling": Scaling(min=3, max=3)}),
    "KEDA": ({"existing": {"autoscaler": "keda"}}, {}),
    "a gateway of its own": ({"existing": {**DOMAIN, "gateway_class": "shared"}}, OPEN),
    "an ingress": ({"existing": {**DOMAIN, "ingress_class": "nginx"}}, {"security": OPEN["security"]}),
    "a release": ({"existing": {"domain": "a.example.com", "gateway": "edge/public/https"}, "releases": TRIAL}, OPEN),
    "GPUs": ({"gpu_pools": {"pools": [POOL]}}, {"compute": GPU, "scaling": Scaling(max=2)}),
    "GPUs by a runtime class": (
        {"gpu_pools": {"pools": [POOL], "runtimeClass": "nvidia"}},
        {"compute": GPU, "scaling": Scaling(max=2)},
    ),
    "monitoring": (
        {"existing": {"prometheus": "monitoring", "prometheus_operator": {}}},
        {"monitoring": Monitoring.model_validate({"alerts": {"notify": ["ml@example.com"]}})},
    ),
    "everything existing": ({"existing": {"namespace": "serving", "role": "runner", "priority_class": "high"}}, {}),
    "tokens": ({"existing": {"namespace": "serving", "tokens": "callers"}}, {"security": Security(auth="bearer")}),
    "tokens at a gateway": (
        {"existing": {"domain": "a.example.com", "gateway": "edge/public/https", "tokens": "a", "namespace": "b"}},
        {"security": Security(exposure="public", auth="bearer"), "protocols": Protocols(grpc=True)},
    ),
}
ASKING = {"gateways": ["edge/fraud-dev", "edge/public", "nginx"]}
"""The ways in that ask callers who they are, where the service does not."""


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_that_is_planned_violates_a_control(kubernetes, project, stack):
    save(scaling(3.0), project / "next.onnx")
    environment, sections = STACKS[stack]
    parameters = {"IDN-01": ASKING} if sections.get("security") == OPEN["security"] else {}
    assert violations(kubernetes(environment, **{**OWNED, **sections}).inputs, "regulated", **parameters) == set()


@pytest.mark.parametrize(
    ("stack", "ways"),
    [
        ("a gateway of its own", {"fraud-route", "fraud-grpcroute"}),
        ("a release", {"fraud-route", "fraud-grpcroute"}),
        ("an ingress", {"fraud-ingress"}),
    ],
)
def test_a_way_in_by_which_nobody_asks_who_calls_is_a_violation(kubernetes, project, stack, ways):
    save(scaling(3.0), project / "next.onnx")
    environment, sections = STACKS[stack]
    planned = kubernetes(environment, **{**OWNED, **sections}).inputs
    assert violations(planned, "baseline") == {("IDN-01", "mandatory", way) for way in ways}


@pytest.mark.parametrize(("notify", "found"), [(["ml@example.com"], False), ([], True)])
def test_production_that_is_watched_tells_somebody(kubernetes, notify, found):
    environment, _ = STACKS["monitoring"]
    told = Monitoring.model_validate({"alerts": {"notify": notify}})
    sections = {"slo": Slo.model_validate({"latency": {"p99": "250ms"}}), "monitoring": told}
    planned = kubernetes({**environment, "environment": "prod"}, **OWNED, **sections).inputs
    assert violations(planned) == ({("GOV-02", "mandatory", "fraud-monitor")} if found else set())
    assert violations(planned, **{"GOV-02": {"alertmanager": "on-call"}}) == set()


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_production_with_one_instance_is_a_violation(kubernetes, environment):
    planned = kubernetes({"environment": environment}, **OWNED, scaling=Scaling(min=1, max=1)).inputs
    expected = {("RES-01", "mandatory", "fraud-server-blue")} if environment == "prod" else set()
    assert violations(planned) == expected


@pytest.mark.parametrize(("environment", "judged"), [("dev", False), ("prod", True)])
@pytest.mark.parametrize(("card", "found"), [(CARD, set()), ({}, {"GOV-04", "GOV-05", "GOV-07"})])
def test_production_needs_what_a_service_says_of_its_model(kubernetes, environment, judged, card, found):
    planned = kubernetes({"environment": environment}, **{**OWNED, "governance": Governance(**card)}).inputs
    kind = KubernetesService.kind
    rows = [{"type": kind, "urn": f"urn:pulumi:dev::test::{kind}::fraud", "inputs": planned["fraud"]}]
    report = modelport_policies.check({"deployment": {"resources": rows}})
    without_its_stack = {"GOV-13"}
    assert {each["rule"] for each in report["violations"]} - without_its_stack == (found if judged else set())


@pytest.mark.parametrize(("pool", "found"), [("l4-dev", False), ("h100-dev", True)])
def test_pods_with_gpus_are_bound_to_the_pools_that_a_stack_allows(kubernetes, pool, found):
    environment, sections = STACKS["GPUs"]
    planned = kubernetes(environment, **{**OWNED, **sections}).inputs
    allowed = {"accelerators": [f"modelport/pool={pool}"]}
    judged = violations(planned, **{"COST-01": allowed, "RSD-06": {"sites": allowed["accelerators"]}})
    assert {control for control, _, _ in judged} == ({"COST-01", "RSD-06"} if found else set())


def test_a_service_that_is_watched_without_alerts_lacks_an_objective(kubernetes):
    environment, _ = STACKS["monitoring"]
    silent = Monitoring.model_validate({"alerts": {"enabled": False}})
    planned = kubernetes(environment, **OWNED, monitoring=silent).inputs
    assert violations(planned) == {("GOV-03", "advisory", "fraud-monitor")}


def test_secrets_of_a_store_are_variables_of_the_container_that_fetches(kubernetes):
    stack = {"existing": {"namespace": "serving", "store_secret": "store", "bucket": "s3://models"}}
    assert violations(kubernetes(stack, **OWNED).inputs) == {("IDN-09", "mandatory", "fraud-server-blue")}


def test_a_reviewed_service_lacks_tags_only():
    assert violations(reviewed("kubernetes.json")) == {("COST-04", "advisory", "fraud-server-blue")}


def test_gpu_pools_need_the_exemptions_on_the_page_and_no_others():
    found = {control for control, level, _ in violations(reviewed("kubernetes-gpu-pools.json")) if level == "mandatory"}
    assert found == {rule for each in exemptions() for rule in each["rules"]}


def reviewed(name):
    """The objects of a golden file."""
    return json.loads((FOLDER / name).read_text().replace("sha256:DIGEST", f"sha256:{'a' * 64}"))
