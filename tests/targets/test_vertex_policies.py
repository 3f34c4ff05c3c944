"""What is planned for Vertex AI, judged by the policy pack."""

import pytest
from support.applicable import applicable
from support.gcp.export import export
from support.gcp.given import GIVEN
from support.golden import golden

import modelport_policies
from modelport.spec import Accelerator, Compute, Governance, Metadata, Monitoring, Scaling, Security

OWNED = {
    "metadata": Metadata(name="fraud", owner="risk", cost_center="4711"),
    "governance": Governance(risk_class="minimal"),
}
STACKS = {
    "CPUs": {},
    "GPUs": {"compute": Compute(accelerator=Accelerator(kind="nvidia-l4"))},
    "a fixed number": {"scaling": Scaling(min=3, max=3)},
    "captures": {"monitoring": Monitoring(capture={"percent": 20, "retention": "365d"})},
    "jobs": {"mode": "batch"},
    "public": {"security": Security(exposure="public")},
    "everything given": {"environment": {"existing": GIVEN}},
}
OF_THE_STACK = {"COST-03", "LOG-06"}
"""Advice about nights, and about the audit log of a project, which is not a service's."""


@pytest.fixture
def judged(vertex):
    def judged(profile, **sections):
        return modelport_policies.check(export(vertex(**{**OWNED, **sections})), profile)

    return judged


@pytest.mark.parametrize("profile", ["baseline", "standard", "regulated"])
@pytest.mark.parametrize("stack", STACKS)
def test_nothing_that_is_planned_violates_a_mandatory_control(judged, stack, profile):
    report = judged(profile, **STACKS[stack])
    found = {(each["rule"], each["message"]) for each in report["violations"] if each["level"] != "advisory"}
    assert found == set()
    assert report["evaluated"] and not report["undecided"]


def test_what_the_pack_advises_is_the_stacks_to_say(judged):
    assert {each["rule"] for each in judged("regulated")["violations"]} == OF_THE_STACK


def test_the_controls_that_judge_a_service_are_the_committed_ones(judged):
    reports = {stack: judged("regulated", **sections) for stack, sections in STACKS.items()}
    found = applicable(reports)
    committed, given = golden("vertex-controls.json", found, {})
    assert given == committed
    assert len(found["judged"]) > 25
