"""A wrong config gives all its errors at once: where, what is there, what is allowed, and the nearest valid name."""

import pytest

from modelport.spec import ConfigError, load_service

MINIMAL = "metadata: {name: fraud}\nmodel: {source: m.onnx}\n"


def test_all_problems_of_a_file_are_told_at_once_in_the_order_of_its_lines(write):
    text = """\
    metadata:
      name: Fraud
      ownr: risk
    model:
      sha256: abc
    scaling:
      min: 5
      max: 3
    slo:
      availabilty: 99
    """
    with pytest.raises(ConfigError) as raised:
        load_service(write(text))
    assert str(raised.value) == (
        'fraud.yaml:2  metadata.name: "Fraud"\n'
        "  must be 3 to 32 lower-case letters, digits and single dashes, a letter first.\n"
        "  Name of the service: 3 to 32 characters, lower-case letters, digits and single dashes, a letter first.\n"
        "fraud.yaml:3  metadata.ownr\n"
        "  unknown field. Did you mean owner?\n"
        "fraud.yaml:4  model.source\n"
        "  required, but missing.\n"
        "  A plain .onnx file or a bundle: a path relative to the service file, or a URI (s3://, gs://, azblob://, https://,"
        " oci:// or mlflow:models:/NAME/VERSION).\n"
        'fraud.yaml:5  model.sha256: "abc"\n'
        "  must be 64 hexadecimal digits in lower case.\n"
        "  Checksum that what `source` names must have, in hex; anything else is not served.\n"
        "fraud.yaml:7  scaling.min: 5\n"
        "  more than max, which is 3.\n"
        "fraud.yaml:10  slo.availabilty\n"
        "  unknown field. Did you mean availability?\n"
        "6 problems, nothing was changed."
    )


@pytest.mark.parametrize(
    ("text", "path", "message", "hint"),
    [
        ("mode: bach", "mode", "must be realtime, async, batch or serverless.", "Did you mean batch?"),
        ("security: [1]", "security",
         "must be a mapping with fields of exposure, auth, encryption, dataClass, compliance.", "Who reaches"),
        ("scaling: {max: 0}", "scaling.max", "must be greater than or equal to 1.", "Most instances"),
        ("scaling: {max: true}", "scaling.max", "must be a whole number.", "Most instances"),
        ("scaling: {max: '3'}", "scaling.max", "must be a whole number.", "Most instances"),
        ("scaling: {scaleToZero: yes}", "scaling.scaleToZero", "must be true or false.", "Whether"),
        ("rollout: {steps: 5}", "rollout.steps", "must be a list.", "Share"),
        ("compute: {cpu: .nan}", "compute.cpu", "must be a finite number.", "CPU cores"),
        ("compute: {memory: 2GB}", "compute.memory", "must be a number and a unit (Ti, Gi, Mi, Ki), like 512Mi.", ""),
        ("request: {timeout: 2h}", "request.timeout", "must be from 1s to 1h.", "Longest"),
        ("budget: {amount: 5, currency: euro}", "budget.currency", "must be an ISO 4217 code, like USD or EUR.", "ISO"),
        ("scaleToZero: true", "scaleToZero", "unknown field. Did you mean scaling.scaleToZero?", ""),
        ("accept: [{field: scaling.mx, target: local, reason: it is a demo}]", "accept[0].field",
         "no such field. Did you mean scaling.max?", ""),
        ("scaling: {target: {metric: accelerator}}", "scaling.target.metric", "needs compute.accelerator.", ""),
        ("scaling: {schedule: [{cron: 0 8 * * *, timezone: Europe/Berln, min: 1, max: 2}]}",
         "scaling.schedule[0].timezone", "must be an IANA time zone, like Europe/Berlin.", "IANA time zone"),
        ("scaling: {schedule: [{cron: 0 8 * * *, min: 3, max: 2}]}", "scaling.schedule[0].min",
         "more than max, which is 2.", ""),
    ],
)  # fmt: skip
def test_a_problem_says_what_is_allowed_and_what_is_near(write, problems_of, text, path, message, hint):
    problem = problems_of(write(MINIMAL + text))[path]
    assert (problem.file, problem.line, problem.message) == ("fraud.yaml", 3, message)
    assert problem.hint.startswith(hint)


def test_a_version_is_shown_as_it_was_written(write, problems_of):
    problem = problems_of(write("metadata: {name: fraud}\nmodel: {source: m.onnx, version: 1.20}\n"))["model.version"]
    assert (problem.value, problem.message) == ("1.20", 'must be text. Write it in quotes: "1.20".')


def test_a_rule_between_sections_is_told_beside_a_wrong_field(write, problems_of):
    found = problems_of(write(MINIMAL + "monitoring: {drift: {enabled: true}}\nscaling: {mx: 3}\n"))
    assert set(found) == {"monitoring.drift.enabled", "scaling.mx"}


def test_a_wrong_field_breaks_no_rule_by_its_default(write, problems_of):
    found = problems_of(write(MINIMAL + "scaling: {min: 9, max: ten}\n"))
    assert set(found) == {"scaling.max"}


def test_a_problem_in_overrides_names_them(write, problems_of):
    found = problems_of(write(MINIMAL), overrides={"scaling": {"max": 1}})
    assert (found["scaling.min"].message, found["scaling.min"].file) == (
        "more than max, which is 1.",
        "modelport:overrides",
    )


def test_credentials_in_an_address_are_refused_and_not_shown(write):
    with pytest.raises(ConfigError) as raised:
        load_service(write("metadata: {name: fraud}\nmodel: {source: 'https://me:hunter2@host/m.onnx'}\n"))
    assert "without user and password" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_the_value_of_an_unknown_field_is_not_shown(write):
    with pytest.raises(ConfigError) as raised:
        load_service(write(MINIMAL + "password: hunter2\n"))
    assert "hunter2" not in str(raised.value)


def test_an_empty_file_lacks_what_is_required(write, problems_of):
    assert set(problems_of(write(""))) == {"metadata.name", "model.source"}


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("- a\n- b\n", 1, "must be a mapping with fields of apiVersion"),
        ("metadata:\n  name: [fraud\n", 3, "not YAML: while parsing a flow sequence, expected ',' or ']'"),
        ("metadata: {name: fraud}\n\tmodel: x\n", 2, "not YAML: "),
        ("mode: a\nmetadata: {}\nmode: b\n", 3, "this key stands here a second time; the first is on line 1."),
        ("model: {source: *there}\n", 1, "not YAML: found undefined alias 'there'"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML: expected a single document"),
        ("a: 1\nb: !!python/object:os.system {}\n", 2, "the tag python/object:os.system has no meaning here."),
        ("a: 1\nb: !secret x\n", 2, "the tag !secret has no meaning here."),
        ("a: !!int x\n", 1, "x is no int."),
        ("a:\n  ? [b]\n  : c\n", 2, "a key must be plain text."),
        ("a:\n  <<: 5\n", 2, "a merge key (<<) takes a mapping or a list of mappings."),
        (b"a: 1\nb: \xff\n", 2, "not UTF-8 text."),
        ("a: 1\nb: \x01\n", 2, "not YAML: unacceptable character"),
        ("a: 1\nb: " + "[" * 5000 + "]" * 5000, 2, "nested more than 40 levels deep."),
        ("a: &a [*a]\n", 1, "nested more than 40 levels deep."),
        ("a: &a\n  <<: *a\n", 1, "nested more than 40 levels deep."),
        ("a: " + "9" * 5000, 1, "9999999999999999999999999999999999999999 is no int."),
        (b"#" * 1_000_001, None, "more than 1,000,000 bytes: this is no config."),
    ],
)
def test_a_file_that_is_no_config_is_a_located_problem(write, content, line, message):
    with pytest.raises(ConfigError) as raised:
        load_service(write(content))
    problem = raised.value.problems[0]
    assert (problem.file, problem.line) == ("fraud.yaml", line)
    assert problem.message.startswith(message)


def test_an_alias_bomb_is_a_located_problem(write):
    layers = [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]" for n in range(9)]
    with pytest.raises(ConfigError, match=r"fraud\.yaml:\d+\n  more than 20,000 values after its aliases are resolved"):
        load_service(write("a: &a [x]\n" + "\n".join(layers)))


def test_a_file_saved_with_a_byte_order_mark_loads(write):
    assert load_service(write(b"\xef\xbb\xbf" + MINIMAL.encode())).spec.metadata.name == "fraud"


def test_a_missing_file_names_the_nearest_that_exists(write):
    write(MINIMAL, "services/fraud.yaml")
    with pytest.raises(
        ConfigError, match=r"services/frud\.yaml\n  no such file\.\n  Did you mean services/fraud\.yaml\?"
    ):
        load_service("services/frud.yaml")


@pytest.mark.parametrize("path", ["nowhere/fraud.yaml", "."])
def test_what_cannot_be_read_is_a_problem(write, path):
    write(MINIMAL)
    with pytest.raises(ConfigError, match=r"no such file|cannot be read"):
        load_service(path)
