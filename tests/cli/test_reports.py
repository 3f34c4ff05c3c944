"""`compare` and `lint`."""

from modelport.targets import NAMES


def test_compare_has_a_column_for_each_target(project, modelport):
    table = modelport("compare", "fraud").out.splitlines()
    assert table[0].split() == list(NAMES)
    assert table[1].split() == ["metadata.name", '"fraud"', *["native"] * 4, "unbuilt"]
    assert table[-1] == "next: modelport lint fraud"


def test_compare_shows_only_the_targets_that_are_asked_for(project, modelport):
    answer = modelport("compare", "fraud", "--target", "vertex", "--target", "local")
    assert answer.out.splitlines()[0].split() == ["vertex", "local"]


def test_compare_for_machines_has_every_field(project, modelport):
    answer = modelport("compare", "services/fraud.yaml", "--json")
    assert answer.json["fields"]["scaling.scaleToZero"]["local"]["level"] == "native"
    assert set(answer.json["fields"]["scaling.min"]) == set(NAMES) == set(answer.json["capacity"])


def test_lint_passes_a_service_that_runs_everywhere(project, modelport):
    answer = modelport("lint", "fraud")
    assert (answer.code, answer.out.splitlines()[0]) == (0, "0 errors, 0 warnings")


def test_lint_fails_on_what_a_platform_does_not_have(project, modelport):
    with (project / "services" / "fraud.yaml").open("a") as file:
        file.write("protocols:\n  grpc: true\n")
    answer = modelport("lint", "fraud")
    assert answer.code == 1
    assert "services/fraud.yaml:5  protocols.grpc: true\n  error on sagemaker: the platform forwards" in answer.out
    findings = modelport("lint", "fraud", "--json")
    assert findings.code == 1
    assert [each["target"] for each in findings.json["findings"]] == ["sagemaker", "vertex", "azureml"]
