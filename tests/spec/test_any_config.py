"""Any config loads or gives located problems, never a traceback; load, dump, load is the identity."""

import copy
import functools
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelport.spec import ConfigError, Environment, ModelSpec, Problem, dump, leaf_fields, load_service, reference
from modelport.spec.environment import StackConfig
from modelport.spec.load import load_environment

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
BASIC = st.characters(max_codepoint=0xD7FF)  # JSON escapes the others as two halves, which YAML does not join
NAMES = st.sampled_from(["fraud", "digits-2"])
# Values whose form the schema leaves to code; every other one is generated from the schema.
KNOWN = {
    "source": st.sampled_from(["m.onnx", "s3://bucket/m.onnx", "mlflow:models:/fraud/3"]),
    "baseline": st.just("data.csv"),
    "before": st.just(["scale.onnx"]),
    "after": st.just(["round.onnx"]),
    "field": st.sampled_from(["mode", "scaling.max"]),
    "name": NAMES,
    "services": st.lists(NAMES, unique=True),
    "overrides": st.sampled_from([{}, {"scaling": {"max": 8}}, {"metadata": {"owner": "risk"}, "mode": "async"}]),
}


def valid(schema: dict[str, Any], definitions: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
    """Values that a JSON Schema of ours allows."""
    if name in KNOWN:
        return KNOWN[name]
    below = functools.partial(valid, definitions=definitions)
    if "$ref" in schema:
        return below(definitions[schema["$ref"].rsplit("/", 1)[1]], name=name)
    if "anyOf" in schema:
        return st.one_of([below(each, name=name) for each in schema["anyOf"]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    if "properties" in schema:
        fields = {key: below(each, name=key) for key, each in schema["properties"].items()}
        required = schema.get("required", [])
        return st.fixed_dictionaries(
            {key: fields[key] for key in required}, optional={key: fields[key] for key in fields if key not in required}
        )
    match schema.get("type"):
        case "array":
            return st.lists(below(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
        case "object":
            values = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
            return st.dictionaries(NAMES, below(values) if isinstance(values, dict) else JSON)
        case "integer":
            return st.integers(schema.get("minimum", 0), schema.get("maximum", 100))
        case "number":
            low, high = schema.get("minimum", 1), schema.get("maximum", 99)
            return st.floats(low, high) | st.integers(low, high)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
    if "$comment" in schema:
        low, high = schema["$comment"].removeprefix("from ").split(" to ")
        return st.sampled_from([low, high])
    if "pattern" in schema and schema["pattern"] != r"\S":
        return st.from_regex(schema["pattern"], fullmatch=True)
    return st.text(BASIC, min_size=schema.get("minLength", 1), max_size=20).filter(str.strip)


def mutated(configs: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Configs with one value somewhere replaced by any JSON, or an unknown key."""

    @st.composite
    def mutate(draw):
        root = copy.deepcopy(draw(configs))
        place = root
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                return root
            key = draw(st.sampled_from(keys))
            if not isinstance(place[key], (dict, list)) or not place[key] or draw(st.booleans()):
                break
            place = place[key]
        if isinstance(place, dict) and draw(st.booleans()):
            key = draw(st.text(max_size=10))
        place[key] = draw(JSON)
        return root

    return mutate()


def with_one_target_field(config: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in config.items() if not key.startswith("target")}
    if config.get("target"):
        return {**rest, "target": config["target"]}
    return {**rest, "targets": list(dict.fromkeys(config.get("targets") or ["local"]))}


def strategy(schema_text: str) -> st.SearchStrategy[Any]:
    schema = json.loads(schema_text)
    return valid(schema, schema["$defs"])


SERVICES = strategy(reference.service_schema())
STACKS = strategy(json.dumps(StackConfig.model_json_schema())).map(with_one_target_field)


def service_or_problems(tmp_path, text: str) -> ModelSpec | list[Problem]:
    path = tmp_path / "service.yaml"
    path.write_text(text, "utf-8", errors="surrogatepass")
    try:
        return load_service(path).spec
    except ConfigError as error:
        assert error.problems
        assert all(problem.file and problem.line and problem.message for problem in error.problems)
        return error.problems


@FEW
@given(config=SERVICES)
def test_a_service_that_fits_the_schema_loads_or_breaks_a_rule_and_dumps_to_itself(tmp_path_factory, config):
    folder = tmp_path_factory.mktemp("service")
    spec = service_or_problems(folder, json.dumps(config))
    if isinstance(spec, ModelSpec):
        again = service_or_problems(folder, dump(spec))
        assert again == spec
        assert again.model_fields_set == spec.model_fields_set


@FEW
@given(config=mutated(SERVICES) | JSON)
def test_any_json_as_a_service_loads_or_gives_located_problems(tmp_path_factory, config):
    service_or_problems(tmp_path_factory.mktemp("service"), json.dumps(config))


@FEW
@given(text=st.text() | st.text(alphabet="ab:-{}[],&*!<>|'\"#% \n\t0.", max_size=60))
def test_any_text_as_a_service_gives_located_problems(tmp_path_factory, text):
    assert isinstance(service_or_problems(tmp_path_factory.mktemp("service"), text), list)


@FEW
@given(config=STACKS)
def test_a_stack_that_fits_the_schema_loads_or_gives_problems_and_dumps_to_itself(tmp_path_factory, config):
    try:
        environment = Environment.from_config({f"modelport:{key}": value for key, value in config.items()}, stack="dev")
    except ConfigError as error:
        assert all(problem.path.startswith("modelport:") for problem in error.problems)
        return
    path = tmp_path_factory.mktemp("stack") / "Pulumi.dev.yaml"
    path.write_text(dump(environment), "utf-8")
    assert load_environment(path) == environment


@FEW
@given(config=mutated(STACKS) | st.dictionaries(st.text(max_size=10), JSON), as_json=st.booleans())
def test_any_json_as_a_stack_config_loads_or_gives_problems(config, as_json):
    items = {f"modelport:{key}": json.dumps(value) if as_json else value for key, value in config.items()}
    try:
        Environment.from_config(items, stack="dev")
    except ConfigError as error:
        assert error.problems


@pytest.mark.parametrize("path", sorted(leaf_fields(ModelSpec)))
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=JSON)
def test_any_value_in_any_field_loads_or_is_a_problem_in_its_section(tmp_path_factory, path, value):
    config: dict[str, Any] = {"metadata": {"name": "fraud"}, "model": {"source": "m.onnx"}}
    *around, last = path.split(".")
    place = config
    for key in around:
        place = place.setdefault(key, {})
    place[last] = value
    found = service_or_problems(tmp_path_factory.mktemp("service"), json.dumps(config))
    if not isinstance(found, ModelSpec):
        assert {re.split(r"[.\[]", problem.path)[0] for problem in found} == {path.partition(".")[0]}
