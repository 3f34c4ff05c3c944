from modelport.spec import Loaded, Metadata, Model, ModelSpec, Origin, explain, leaf_fields, load_service

SERVICE = """\
metadata:
  name: fraud
model:
  source: m.onnx
request: {timeout: 60s}
"""


def test_explain_tells_value_origin_and_meaning_of_every_leaf(write):
    loaded = load_service(write(SERVICE), overrides={"scaling": {"max": 7}})
    leaves = {leaf.path: leaf for leaf in explain(loaded)}
    timeout, most, least = leaves["request.timeout"], leaves["scaling.max"], leaves["scaling.min"]
    assert (timeout.value, timeout.origin.kind, timeout.origin.file, timeout.origin.line) == (
        "1m",
        "file",
        "fraud.yaml",
        5,
    )
    assert (most.value, most.origin) == (7, Origin("override", "modelport:overrides"))
    assert (least.value, least.origin.kind, least.doc) == (
        2, "default", "Fewest instances while the service is awake; two survive the loss of one.",
    )  # fmt: skip


def test_an_absent_optional_section_is_one_leaf_and_a_present_one_is_its_fields(write):
    without = {leaf.path for leaf in explain(load_service(write(SERVICE)))}
    gpu = "compute: {accelerator: {kind: nvidia-l4}}\n"
    with_gpu = {leaf.path for leaf in explain(load_service(write(SERVICE + gpu)))}
    assert with_gpu - without == {f"compute.accelerator.{name}" for name in ("kind", "count", "sharing")}
    assert without - with_gpu == {"compute.accelerator"}


def test_a_service_made_in_python_has_its_fields_from_code():
    loaded = Loaded(ModelSpec(metadata=Metadata(name="fraud"), model=Model(source="m.onnx")))
    assert loaded.written == {"metadata.name", "model.source"}
    assert loaded.origins["metadata.name"].kind == "code"
    assert loaded.origins["scaling.max"].kind == "default"


def test_every_field_says_what_it_means():
    assert [path for path, info in leaf_fields(ModelSpec).items() if not info.description] == []
