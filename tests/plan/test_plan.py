import dataclasses
import subprocess
import sys

import pytest

from modelport.plan import FIELDS, OWN, Refused, TagRule, Target, explain, make_plan, native, unbuilt
from modelport.spec import ConfigError, Environment, Memory, Metadata, Model, ModelSpec, Origin


def test_a_default_that_the_target_cannot_honour_becomes_its_nearest_value(write, environment, cloud):
    plan = make_plan(write(), environment, cloud)
    assert plan.spec.scaling.min == 1
    assert write().spec.scaling.min == 2
    changed = {each.field: (each.asked, each.given) for each in plan.adjustments}
    assert changed["scaling.min"] == (2, 1)
    assert changed["request.concurrency"] == (16, None)
    assert "request.timeout" not in changed and "scaling.scaleToZero" not in changed


def test_explain_shows_what_the_target_does_instead_of_a_default(write, cloud):
    leaves = {leaf.path: leaf for leaf in explain(write("startupSeconds: 5\n"), cloud)}
    assert (leaves["scaling.min"].value, leaves["scaling.min"].origin) == (1, Origin("target"))
    assert (leaves["security.encryption"].value, leaves["security.encryption"].origin.kind) == (None, "target")
    assert (leaves["startupSeconds"].value, leaves["startupSeconds"].origin.line) == (5, 3)
    assert (leaves["request.timeout"].value, leaves["request.timeout"].origin.kind) == ("55s", "default")


def test_the_same_config_gives_the_same_plan(write, environment, cloud):
    assert make_plan(write(), environment, cloud) == make_plan(write(), environment, cloud)


def test_a_plan_cannot_be_changed(write, environment, cloud):
    plan = make_plan(write(), environment, cloud)
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.name = "other"


def test_model_sources_start_from_the_folder_of_the_service_file(write, environment, cloud, tmp_path):
    assert make_plan(write(), environment, cloud).base.resolve() == tmp_path


def test_the_smallest_machine_that_satisfies_the_compute_is_chosen(write, environment, cloud):
    assert make_plan(write(), environment, cloud).machine.name == "small"
    assert make_plan(write("compute: {memory: 5Gi}\n"), environment, cloud).machine.memory == Memory.parse("32Gi")


def test_names_belong_to_service_and_stack(write, environment, cloud):
    assert make_plan(write(), environment, cloud).names.of("endpoint") == "fraud-dev-endpoint"


def test_policies_get_to_know_what_is_so_on_the_target(write, cloud):
    environment = Environment(stack="dev", targets=("local",), environment="test")
    inputs = make_plan(write(), environment, cloud).governed_inputs()
    assert inputs["tags"]["service"] == inputs["service"] == "fraud"
    assert (inputs["target"], inputs["stack"], inputs["environment"]) == ("cloud", "dev", "test")
    assert (inputs["exposure"], inputs["dataClass"]) == ("private", "confidential")
    assert inputs["scaling"] == {"min": 1, "max": 4}
    assert not {"accelerator", "budget"} & {*inputs}


def test_policies_get_to_know_what_was_asked_for(write, environment):
    fields = """
compute: {accelerator: {kind: nvidia-l4, count: 2}}
scaling:
  scaleToZero: true
  schedule: [{cron: "0 8 * * *", min: 4, max: 16}, {cron: "0 20 * * *", min: 1, max: 2}]
monitoring: {capture: {percent: 10, retention: 30d}, drift: {enabled: true}}
budget: {amount: 1500, currency: EUR}
"""
    inputs = make_plan(write(fields), environment, able()).governed_inputs()
    assert inputs["scaling"] == {"min": 0, "max": 16}
    assert inputs["accelerator"] == {"kind": "nvidia-l4", "count": 2}
    assert inputs["budget"] == {"amount": 1500, "currency": "EUR"}
    assert inputs["monitoring"] == {"capture": {"percent": 10, "retentionDays": 30}, "drift": {"enabled": True}}


def test_policies_are_not_told_of_what_modelport_cannot_give_yet(write, environment):
    target = able(**{"monitoring.drift.enabled": unbuilt(always=False)})
    assert set(make_plan(write(), environment, target).governed_inputs()["monitoring"]) == {"capture"}


def able(**rows):
    """A target that can do everything but what these rows say."""
    can = dict.fromkeys(FIELDS, native("Create", source="manual"))
    return Target("able", {**can, **OWN, **rows}, name_length=24, tag_rule=TagRule(128, 256, ""))


def test_planning_loads_neither_pulumi_nor_a_cloud_sdk():
    code = (
        "import sys, modelport.plan, modelport.targets as t; [t.load(name) for name in t.NAMES];"
        "print(*{'pulumi', 'grpc', 'boto3', 'google.cloud', 'onnxruntime', 'kubernetes'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_the_stack_overrides_a_service_made_in_python(cloud):
    service = ModelSpec(metadata=Metadata(name="fraud", owner="risk"), model=Model(source="fraud.onnx"))

    def plan(overrides):
        return make_plan(service, Environment(stack="dev", targets=("local",), overrides=overrides), cloud)

    assert plan({"metadata": {"owner": "growth"}}).spec.metadata == Metadata(name="fraud", owner="growth")
    with pytest.raises(Refused, match=r"scaling.scaleToZero: true\n  MP401"):
        plan({"scaling": {"scaleToZero": True}})
    with pytest.raises(ConfigError, match=r"modelport:overrides  scaling\.min"):
        plan({"scaling": {"max": 1}})
