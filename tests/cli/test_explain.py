import pytest


def test_each_value_stands_beside_its_origin(project, modelport):
    lines = modelport("explain", "services/fraud.yaml").out.splitlines()
    words = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert words["model.source"] == ['"../models/fraud.onnx"', "services/fraud.yaml:3"]
    assert words["scaling.min"] == ["2", "default"]
    assert lines[-1] == "next: modelport compare services/fraud.yaml"


def test_a_stack_shows_its_overrides_and_what_its_target_replaces(project, modelport):
    with (project / "Pulumi.local.yaml").open("a") as file:
        file.write("  modelport:overrides:\n    metadata: {owner: risk}\n")
    fields = modelport("explain", "fraud", "-s", "local", "--json").json["fields"]
    assert fields["metadata.owner"]["value"] == "risk"
    assert fields["metadata.owner"]["origin"] == {"kind": "override", "file": "Pulumi.local.yaml", "line": 8}
    assert fields["scaling.min"]["value"] == 1
    assert fields["scaling.min"]["origin"]["kind"] == "target"


def test_a_stack_of_several_targets_leaves_the_choice(project, modelport):
    stack = project / "Pulumi.local.yaml"
    stack.write_text(stack.read_text().replace("target: local", "targets: [local, kubernetes]"))
    as_written = modelport("explain", "fraud", "-s", "local", "--json").json["fields"]
    on_local = modelport("explain", "fraud", "-s", "local", "--target", "local", "--json").json["fields"]
    assert (as_written["scaling.min"]["value"], on_local["scaling.min"]["value"]) == (2, 1)


def test_resources_are_the_names_that_patches_go_by(project, modelport):
    assert modelport("explain", "fraud", "--resources").out == "fraud-local-server\n"
    assert modelport("explain", "fraud", "--resources", "--json").json == {"resources": ["fraud-local-server"]}


def test_a_target_that_is_not_built_has_no_resources(project, modelport):
    answer = modelport("explain", "fraud", "--resources", "--target", "azureml")
    assert answer.code == 4
    assert "MP402 unbuilt on azureml" in answer.err


def test_every_problem_of_a_service_is_told_at_once(project, modelport):
    (project / "services" / "fraud.yaml").write_text("metadata: {nam: fraud}\nscaling: {max: many}\n")
    answer = modelport("explain", "fraud")
    assert (answer.code, answer.out) == (2, "")
    assert "services/fraud.yaml:1  metadata.nam\n  unknown field. Did you mean name?" in answer.err
    assert 'services/fraud.yaml:2  scaling.max: "many"' in answer.err
    assert answer.err.endswith("problems, nothing was changed.\n")


@pytest.mark.parametrize(
    ("words", "help_"),
    [
        (["explain", "frod"], "no such service. Did you mean fraud?"),
        (["explain", "services/frod.yaml"], "Did you mean services/fraud.yaml?"),
        (["explain", "fraud", "-s", "locla"], "no stack named locla. Did you mean local?"),
        (["explain", "fraud", "--target", "sagemakr"], "unknown target. Did you mean sagemaker?"),
        (["compare", "fraud", "--target", "vertx"], "unknown target. Did you mean vertex?"),
        (["lint", "frod"], "no such service. Did you mean fraud?"),
    ],
)
def test_a_misspelt_name_is_corrected(project, modelport, words, help_):
    answer = modelport(*words)
    assert (answer.code, answer.out) == (2, "")
    assert help_ in answer.err


def test_outside_a_project_a_name_needs_one(tmp_path, monkeypatch, modelport):
    monkeypatch.chdir(tmp_path)
    answer = modelport("explain", "fraud")
    assert answer.code == 2
    assert "modelport init" in answer.err


def test_a_target_that_uses_nothing_that_exists_says_so(modelport, project):
    assert modelport("explain", "fraud", "-s", "local", "--requires").out == "local  uses no existing infrastructure\n"
    assert modelport("explain", "fraud", "--requires", "--json").json == {"requires": {"local": {}}}


def test_what_an_unbuilt_target_requires_is_refused(modelport, project):
    answer = modelport("explain", "fraud", "--requires", "--target", "azureml")
    assert (answer.code, "MP402" in answer.err) == (4, True)
