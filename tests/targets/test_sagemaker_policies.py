"""What is planned for SageMaker, judged by the policy pack."""

import pytest
from support.applicable import applicable
from support.aws.export import export
from support.aws.given import GIVEN, GROUPS, TOPIC
from support.golden import golden

import modelport_policies
from modelport.spec import Accelerator, Compute, Governance, Metadata, Monitoring, Scaling
from modelport.targets.sagemaker.capacity import MACHINES
from modelport_policies.sagemaker import ACCELERATORS

OWNED = {
    "metadata": Metadata(name="fraud", owner="risk", cost_center="4711"),
    "governance": Governance(risk_class="minimal"),
}
GPU = Compute(accelerator=Accelerator(kind="nvidia-l4"))
STACKS = {
    "CPUs": {},
    "GPUs": {"compute": GPU},
    "a fixed number": {"scaling": Scaling(min=3, max=3)},
    "serverless": {"mode": "serverless"},
    "a queue": {"mode": "async", "scaling": Scaling(scale_to_zero=True)},
    "jobs": {"mode": "batch"},
    "windows": {
        "scaling": Scaling(
            schedule=[{"cron": "0 8 * * 1-5", "min": 3, "max": 6}, {"cron": "0 20 * * 1-5", "min": 2, "max": 4}]
        )
    },
    "production": {
        "environment": {"environment": "prod"},
        "monitoring": Monitoring(capture={"percent": 20, "retention": "365d"}),
        "governance": Governance(
            risk_class="minimal",
            intended_use="Finds payments that somebody should look at.",
            training_data="https://example.com/payments",
            evaluation="https://example.com/evaluation",
            oversight_contact="risk",
        ),
    },
}
STACKS["serverless production"] = {**STACKS["production"], "mode": "serverless", "monitoring": Monitoring()}
GIVEN_STACKS = {"everything given": {"environment": {"existing": {**GIVEN, **GROUPS, **TOPIC}}}}
UNBUILT = {
    ("LOG-06", "nothing says who changes the endpoint"),
    ("SUP-05", "nothing signs the images that come to it"),
}
"""What the pack advises that modelport does not do yet."""
WITHOUT_DRIFT = {("GOV-01", "nothing compares what it is asked with what the model was trained on")}
"""What stops production as long as drift is not built."""
OF_THE_STACK = {"COST-02", "COST-03", "SUP-08"}
"""Advice about prices, nights and registries, which a stack has to say."""


@pytest.fixture
def judged(sagemaker):
    def judged(profile, **sections):
        return modelport_policies.check(export(sagemaker(**{**OWNED, **sections})), profile)

    return judged


@pytest.mark.parametrize("profile", ["baseline", "standard", "regulated"])
@pytest.mark.parametrize("stack", [*STACKS, *GIVEN_STACKS])
def test_nothing_that_is_planned_violates_a_mandatory_control(judged, stack, profile):
    report = judged(profile, **{**STACKS, **GIVEN_STACKS}[stack])
    found = {(each["rule"], each["message"]) for each in report["violations"] if each["level"] != "advisory"}
    assert found == (WITHOUT_DRIFT if "production" in stack and profile != "baseline" else set())
    assert report["evaluated"] and not report["undecided"]


def test_what_the_pack_advises_is_what_is_not_built_or_is_the_stacks_to_say(judged):
    found = {(each["rule"], each["message"]) for each in judged("regulated")["violations"]}
    assert {each for each in found if each[0] not in OF_THE_STACK} == UNBUILT


def test_the_pack_knows_the_gpus_of_every_machine():
    assert {each.name: each.accelerators for each in MACHINES if each.accelerators}.items() <= ACCELERATORS.items()


def test_the_controls_that_judge_a_service_are_the_committed_ones(judged):
    reports = {stack: judged("regulated", **sections) for stack, sections in {**STACKS, **GIVEN_STACKS}.items()}
    found = applicable(reports)
    committed, given = golden("sagemaker-controls.json", found, {})
    assert given == committed
    assert len(found["judged"]) > 50
