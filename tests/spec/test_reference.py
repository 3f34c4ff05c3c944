import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from modelport.spec import ModelSpec, leaf_fields, reference

ROOT = Path(__file__).parents[2]
SERVICE = jsonschema.Draft202012Validator(json.loads(reference.service_schema()))
STACK = jsonschema.Draft202012Validator(json.loads(reference.stack_schema()))


def test_generated_files_are_what_the_types_give():
    result = subprocess.run(
        [sys.executable, ROOT / "scripts/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_reference_page_has_every_field():
    page = reference.reference_page()
    assert [path for path in leaf_fields(ModelSpec) if f"| `{path}` |" not in page] == []


@pytest.mark.parametrize("validator", [SERVICE, STACK])
def test_the_schema_is_a_schema(validator):
    validator.check_schema(validator.schema)


@pytest.mark.parametrize("path", sorted((ROOT / "stacks/services").glob("*.yaml")), ids=lambda path: path.name)
def test_the_services_of_the_repository_satisfy_the_schema(path):
    SERVICE.validate(YAML(typ="safe").load(path))


@pytest.mark.parametrize(
    "wrong",
    [{"scaling": {"mx": 1}}, {"scaling": {"max": 0}}, {"mode": "fast"}, {"compute": {"memory": "2GB"}},
     {"model": {}}, {"metadata": {"name": "Fraud"}}],
)  # fmt: skip
def test_the_schema_refuses_what_loading_refuses(wrong):
    good = {"metadata": {"name": "fraud"}, "model": {"source": "m.onnx"}}
    assert SERVICE.is_valid(good)
    assert not SERVICE.is_valid({**good, **wrong})


def test_the_stack_schema_knows_its_keys_and_passes_others_by():
    assert STACK.is_valid({"encryptionsalt": "x", "config": {"modelport:target": "local", "other:key": [1]}})
    assert not STACK.is_valid({"config": {"modelport:targt": "local"}})
