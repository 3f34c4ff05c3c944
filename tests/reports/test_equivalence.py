import json
from dataclasses import replace

import pytest

from modelport import targets
from modelport.plan import UNBUILT, Machine, native
from modelport.reports.equivalence import compare
from modelport.spec import Memory, ModelSpec, leaf_fields
from modelport.targets import UnknownTarget


@pytest.fixture
def cloud(monkeypatch):
    """SageMaker with a few rows and machines."""
    sagemaker = targets.load("sagemaker")
    rows = {
        **UNBUILT,
        "metadata.name": native("CreateEndpoint.EndpointName", source="manual"),
        "scaling.max": native("RegisterScalableTarget.MaxCapacity", source="manual"),
        "rollout.mirror": native("CreateEndpointConfig", source="manual", differs="one shadow at a time"),
    }
    machines = (Machine("ml.c7i.large", 2, Memory.parse("4Gi")), Machine("ml.c7i.xlarge", 4, Memory.parse("8Gi")))
    built = replace(sagemaker, capabilities=rows, machines=machines)
    load = targets.load
    monkeypatch.setattr(targets, "load", lambda name: built if name == "sagemaker" else load(name))


def test_every_field_has_a_level_and_a_reason_on_every_target(write):
    found = json.loads(json.dumps(compare(write()).to_json()))
    assert found["fields"].keys() == leaf_fields(ModelSpec).keys()
    for cells in found["fields"].values():
        assert list(cells) == ["local", "kubernetes", "sagemaker", "vertex", "azureml"]
        assert all(cell.keys() == {"level", "reason"} for cell in cells.values())
    assert found["capacity"].keys() == set(targets.NAMES)
    assert [name for name, machine in found["capacity"].items() if machine] == ["sagemaker", "vertex"]


def test_the_level_is_that_of_the_value(write):
    text = "scaling: {scaleToZero: %s}\n"
    asked = compare(write(text % "true"), ["local"]).fields["scaling.scaleToZero"]["local"]
    assert asked.level == "refused"
    assert asked.reason == "a server on this machine keeps its process: use the kubernetes target"
    off = compare(write(text % "false"), ["local"]).fields["scaling.scaleToZero"]["local"]
    assert (off.level, off.reason) == ("native", "")


def test_a_difference_that_a_value_does_not_meet_is_not_told(write):
    def cell(text, field):
        return compare(write(text), ["kubernetes"]).fields[field]["kubernetes"]

    assert cell("scaling: {scaleToZero: false}\n", "scaling.scaleToZero").level == "native"
    asked = cell("scaling: {scaleToZero: true}\n", "scaling.scaleToZero")
    assert (asked.level, "fail until" in asked.reason) == ("approximated", True)
    bearer, mtls = (cell(f"security: {{auth: {auth}}}\n", "security.auth") for auth in ("bearer", "mtls"))
    assert (bearer.level, bearer.reason) == ("native", "")
    assert (mtls.level, mtls.reason.endswith(": use bearer")) == ("refused", True)


def test_the_table_shows_what_was_written_and_explains_itself_in_footnotes(write, cloud):
    service = write("scaling: {max: 3, scaleToZero: true}\nrollout: {mirror: 20}\n")
    assert str(compare(service, ["local", "sagemaker"])).splitlines() == [
        "                                   local      sagemaker",
        'metadata.name        "fraud"       native     native',
        'model.source         "fraud.onnx"  native     unbuilt',
        "scaling.max          3             unbuilt    native",
        "scaling.scaleToZero  true          refused ¹  unbuilt",
        "rollout.mirror       20            unbuilt    native ²",
        "capacity                           as it is   ml.c7i.large",
        "¹ a server on this machine keeps its process: use the kubernetes target",
        "² one shadow at a time",
    ]


def test_capacity_names_the_machine_or_what_is_nearest(write, cloud):
    fitting = compare(write("compute: {cpu: 3}\n"), ["sagemaker"])
    assert fitting.to_json()["capacity"]["sagemaker"]["machine"] == "ml.c7i.xlarge"
    assert fitting.to_json()["capacity"]["sagemaker"]["quota"] is None
    short = compare(write("compute: {cpu: 8}\n"), ["sagemaker"])
    assert short.to_json()["capacity"]["sagemaker"] == {
        "refused": "compute.cpu",
        "reason": "no fitting machine has more than 4",
        "nearest": "at most 4 (ml.c7i.xlarge)",
    }
    assert "refused ¹" in str(short) and "at most 4 (ml.c7i.xlarge)" in str(short)


@pytest.mark.parametrize(
    ("compute", "target", "quota"),
    [
        ("cpu: 1", "sagemaker", "ml.c5.large for endpoint usage, or for transform job usage"),
        ("cpu: 1", "vertex", "aiplatform.googleapis.com/custom_model_serving_cpus"),
        ("cpu: 64", "vertex", "aiplatform.googleapis.com/custom_model_serving_n2_cpus"),
        ("accelerator: {kind: nvidia-l4}", "vertex", "aiplatform.googleapis.com/custom_model_serving_nvidia_l4_gpus"),
        (
            *("accelerator: {kind: nvidia-a100-80gb}", "vertex"),
            "aiplatform.googleapis.com/custom_model_serving_nvidia_a100_80gb_gpus",
        ),
        (
            *("accelerator: {kind: nvidia-h100-80gb}", "vertex"),
            "aiplatform.googleapis.com/custom_model_serving_nvidia_h100_gpus",
        ),
    ],
)
def test_a_machine_says_which_quota_it_counts_against(write, compute, target, quota):
    found = compare(write(f"compute: {{{compute}}}\n"), [target])
    assert found.to_json()["capacity"][target]["quota"] == quota
    assert f"it counts against the quota {quota}" in str(found)


def test_an_unknown_target_is_an_error(write):
    with pytest.raises(UnknownTarget, match="Did you mean local"):
        compare(write(), ["lokal"])


def test_a_long_value_is_cut(write):
    table = str(compare(write("governance: {intendedUse: sorting the mail of a large city}\n"), ["local"]))
    assert '"sorting the mail of a …  native' in table
