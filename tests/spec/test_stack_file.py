import json

import pytest

from modelport.spec import ConfigError, Environment, Release, dump, load_environment, load_service, read_stack

STACK = """\
encryptionsalt: v1:abc
config:
  aws:region: eu-central-1
  other:key: [anything]
  modelport:targets: [local, sagemaker]
  modelport:services: [digits]
  modelport:environment: test
  modelport:existing: {vpc: vpc-1, subnets: [a, b]}
  modelport:releases:
    digits:
      stable: {source: digits.onnx}
      candidate: {source: digits-2.onnx}
      weight: 10
  modelport:overrides:
    scaling:
      max: 8
  modelport:resources: {endpoint: {properties: {tags: null}, options: {protect: true}}}
"""


def test_a_stack_file_gives_the_environment(write):
    environment = load_environment(write(STACK, "Pulumi.aws.yaml"))
    assert (environment.stack, environment.project, environment.environment) == ("aws", "modelport", "test")
    assert environment.targets == ("local", "sagemaker")
    assert environment.existing.subnets == ("a", "b")
    assert environment.releases["digits"].candidate == Release(source="digits-2.onnx")
    assert environment.regions == {"sagemaker": "eu-central-1"}
    assert environment.resources["endpoint"].properties == {"tags": None}


def test_config_as_pulumi_hands_it_to_a_program_gives_the_same(write):
    name = write(STACK, "Pulumi.aws.yaml")
    config = {k: v if isinstance(v, str) else json.dumps(v) for k, v in read_stack(name).data.items()}
    assert Environment.from_config(config, stack="aws") == load_environment(name)


def test_target_is_short_for_targets_with_one_element():
    assert Environment.from_config({"modelport:target": "local"}, stack="dev").targets == ("local",)


def test_both_target_and_targets_is_an_error(write, problems_of):
    name = write("config:\n  modelport:target: local\n  modelport:targets: [local]\n", "Pulumi.dev.yaml")
    problem = problems_of(name)["modelport:targets"]
    assert problem.line == 3
    assert problem.message == "target is short for targets with one element; keep one of the two."


@pytest.mark.parametrize("text", ["", "config: {}\n", "config:\n  other:key: 1\n"])
def test_a_stack_without_a_target_is_an_error(write, problems_of, text):
    assert problems_of(write(text, "Pulumi.dev.yaml"))["modelport:target"].message.startswith("required, but missing")


def test_all_problems_of_a_stack_file_are_told_at_once(write, problems_of):
    text = """\
    config:
      modelport:target: locl
      modelport:servces: [digits]
      modelport:releases:
        digits: {stable: {source: a.onnx}, candidate: {source: b.onnx}}
        fraud: {stable: {source: a.onnx}, mirror: 5}
        spam: {stable: {source: a.onnx}, unwaited: 5}
      modelport:overrides: {scaling: {mx: 3, max: 0}}
    """
    found = problems_of(write(text, "Pulumi.dev.yaml"))
    assert {path: (problem.line, problem.message) for path, problem in found.items()} == {
        "modelport:target": (2, "must be local, kubernetes, sagemaker, vertex or azureml."),
        "modelport:servces": (3, "unknown field. Did you mean services?"),
        "modelport:releases.digits.weight": (5, "a candidate needs its share of requests, 0 to 100."),
        "modelport:releases.fraud.mirror": (6, "there is no candidate to send requests to."),
        "modelport:releases.spam.unwaited": (7, "there is no candidate to wait for."),
        "modelport:overrides.scaling.mx": (8, "unknown field. Did you mean max?"),
        "modelport:overrides.scaling.max": (8, "must be greater than or equal to 1."),
    }


def test_an_encrypted_value_is_passed_by(write):
    text = """\
    config:
      modelport:target: local
      modelport:environment: {secure: v1:abc}
      modelport:overrides: {metadata: {owner: {secure: v1:abc}, costCenter: a}}
      modelport:existing: {key: {secure: v1:abc}}
    """
    environment = load_environment(write(text, "Pulumi.dev.yaml"))
    assert environment.environment == "prod"
    assert environment.existing.key is None
    assert environment.overrides == {"metadata": {"costCenter": "a"}}


def test_an_unknown_key_is_an_error_also_when_it_is_encrypted(write, problems_of):
    text = "config:\n  modelport:target: local\n  modelport:targt: {secure: v1:abc}\n"
    assert set(problems_of(write(text, "Pulumi.dev.yaml"))) == {"modelport:targt"}


@pytest.mark.parametrize(
    ("key", "value"),
    [("modelport:environment", "hunter2"), ("modelport:overrides", '{"mode": "hunter2"}')],
)
def test_a_secret_value_is_not_shown(key, value):
    with pytest.raises(ConfigError, match=key) as raised:
        Environment.from_config({"modelport:target": "local", key: value}, stack="dev", secret=[key])
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("text", ["- a\n", "config: [a]\n", "config: local\n"])
def test_a_stack_file_of_another_shape_is_a_located_problem(write, text):
    with pytest.raises(ConfigError, match=r"Pulumi\.dev\.yaml.*\n  .* must be a mapping\."):
        load_environment(write(text, "Pulumi.dev.yaml"))


def test_a_json_text_that_is_nested_too_deep_is_a_problem():
    with pytest.raises(ConfigError, match="nested more than 40 levels deep"):
        Environment.from_config({"modelport:target": "local", "modelport:overrides": "[" * 99 + "]" * 99}, stack="dev")


def test_an_existing_id_may_be_an_output_of_a_resource():
    class Output:
        def apply(self, function): ...

    vpc = Output()
    environment = Environment(stack="dev", targets=("local",), existing={"vpc": vpc})
    assert environment.existing.vpc is vpc


def test_an_environment_dumps_to_a_stack_file_that_loads_to_it_again(write):
    environment = load_environment(write(STACK, "Pulumi.aws.yaml"))
    assert load_environment(write(dump(environment), "again/Pulumi.aws.yaml")) == environment


def test_a_long_text_in_a_resource_survives_a_dump(write):
    properties = {
        "fraud": {"000\x1f\x1f\x1f\U00018cd6": "\x1f\x1f\x1f" + "\U00010000" * 3 + "0 0", "note": "words " * 50}
    }
    environment = Environment(stack="dev", targets=("local",), resources={"fraud": {"properties": properties}})
    assert load_environment(write(dump(environment), "Pulumi.dev.yaml")) == environment


def test_overrides_keep_their_lines_in_the_stack_file(write):
    stack = read_stack(write(STACK, "Pulumi.aws.yaml"))
    service = write("metadata: {name: fraud}\nmodel: {source: m.onnx}\n")
    loaded = load_service(service, overrides=stack.at("modelport:overrides"))
    origin = loaded.origins["scaling.max"]
    assert (loaded.spec.scaling.max, origin.kind, origin.file, origin.line) == (8, "override", "Pulumi.aws.yaml", 16)
