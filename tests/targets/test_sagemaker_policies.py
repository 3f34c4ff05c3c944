"""What is planned for SageMaker, judged by the policy pack."""

import pytest
from support.aws.export import export

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
UNBUILT = {
    ("LOG-05", "nothing says who speaks to whom in the VPC"),
    ("LOG-06", "nothing says who changes the endpoint"),
    ("NET-13", "the subnet has the access list of all subnets, which allows everything"),
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
@pytest.mark.parametrize("stack", STACKS)
def test_nothing_that_is_planned_violates_a_mandatory_control(judged, stack, profile):
    report = judged(profile, **STACKS[stack])
    found = {(each["rule"], each["message"]) for each in report["violations"] if each["level"] != "advisory"}
    assert found == (WITHOUT_DRIFT if stack == "production" and profile != "baseline" else set())
    assert report["evaluated"] and not report["undecided"]


def test_what_the_pack_advises_is_what_is_not_built_or_is_the_stacks_to_say(judged):
    found = {(each["rule"], each["message"]) for each in judged("regulated")["violations"]}
    assert {each for each in found if each[0] not in OF_THE_STACK} == UNBUILT


def test_the_pack_knows_the_gpus_of_every_machine():
    assert {each.name: each.accelerators for each in MACHINES if each.accelerators}.items() <= ACCELERATORS.items()
