import pytest
from pydantic import ValidationError

from modelport.spec import Duration, Memory, Metadata, Model, ModelSpec, Request, Scaling, dump, load_service

MINIMAL = """\
metadata:
  name: fraud
model:
  source: models/fraud.onnx
"""


def test_name_and_model_source_are_enough(write):
    spec = load_service(write(MINIMAL)).spec
    assert (spec.metadata.name, spec.model.source) == ("fraud", "models/fraud.onnx")
    assert (spec.scaling.min, spec.security.exposure, spec.request.timeout.seconds) == (2, "private", 55.0)


def test_yaml_and_python_make_the_same_spec(write):
    text = MINIMAL + "request: {timeout: 30s, payload: 2Mi}\nscaling: {min: 3, scaleToZero: true}\n"
    made = ModelSpec(
        metadata=Metadata(name="fraud"),
        model=Model(source="models/fraud.onnx"),
        request=Request(timeout=Duration.parse("30s"), payload=Memory.parse("2Mi")),
        scaling=Scaling(min=3, scale_to_zero=True),
    )
    assert load_service(write(text)).spec == made


def test_a_spec_cannot_be_changed(write):
    with pytest.raises(ValidationError):
        load_service(write(MINIMAL)).spec.mode = "batch"


def test_yaml_takes_only_the_camel_case_name_of_a_field(write, problems_of):
    found = problems_of(write(MINIMAL + "scaling: {scale_to_zero: true}\n"))
    assert found["scaling.scale_to_zero"].message == "unknown field. Did you mean scaleToZero?"


def test_overrides_are_merged_last_and_lists_replace_lists(write):
    text = MINIMAL + "scaling: {min: 3, max: 9}\nrollout: {steps: [1, 2, 3]}\n"
    overrides = {"scaling": {"max": 5}, "rollout": {"steps": [50]}}
    spec = load_service(write(text), overrides=overrides).spec
    assert (spec.scaling.min, spec.scaling.max, spec.rollout.steps) == (3, 5, (50,))


def test_anchors_aliases_and_merge_keys_work(write):
    text = """\
    metadata: {name: &name fraud, labels: {service: *name}}
    model: {source: m.onnx}
    scaling:
      schedule:
      - &day {cron: 0 8 * * *, min: 2, max: 8}
      - {<<: *day, cron: 0 20 * * *, max: 2}
    """
    spec = load_service(write(text)).spec
    day, night = spec.scaling.schedule
    assert spec.metadata.labels == {"service": "fraud"}
    assert (day.max, night.min, night.max, night.cron) == (8, 2, 2, "0 20 * * *")


@pytest.mark.parametrize(
    ("written", "canonical"), [("90s", "90s"), ("60s", "1m"), ("24h", "1d"), ("1500ms", "1500ms"), ("1.5m", "90s")]
)
def test_a_duration_has_one_canonical_form(written, canonical):
    assert str(Duration.parse(written)) == canonical
    assert Duration.parse(canonical) == Duration.parse(written)


@pytest.mark.parametrize(("written", "canonical"), [("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("7Ki", "7Ki")])
def test_an_amount_of_memory_has_one_canonical_form(written, canonical):
    assert str(Memory.parse(written)) == canonical
    assert Memory.parse("1Ki").bytes == 1024


@pytest.mark.parametrize("text", ["", "5", "5 s", "-5s", "1e3s", "0.0001ms", "5S", "１s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="like 30s"):
        Duration.parse(text)


@pytest.mark.parametrize(
    "source",
    ["models/a.onnx", "s3://bucket/a.onnx", "gs://bucket/a", "azblob://account/container/a", "https://host/a.onnx",
     "oci://registry/models/a:1", "mlflow:models:/fraud/3"],
)  # fmt: skip
def test_a_model_comes_by_path_or_from_a_known_store(source):
    assert Model(source=source).source == source


def test_a_dumped_file_holds_only_what_was_written(write):
    text = MINIMAL + "compute:\n  cpu: 2\n  memory: 1024Mi\n"
    assert dump(load_service(write(text)).spec) == text.replace("1024Mi", "1Gi")


@pytest.mark.parametrize(
    "owner", ["Zoë Müller", "a\x85b", "a\u2028b", "a\nb", "\ufeffa", "2026-11-01", "1.20", "null", "- x: #"]
)
def test_any_text_survives_a_dump(write, owner):
    spec = ModelSpec(metadata=Metadata(name="fraud", owner=owner), model=Model(source="m.onnx"))
    assert load_service(write(dump(spec))).spec == spec
