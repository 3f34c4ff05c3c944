import subprocess
import sys
from pathlib import Path

import pytest
from support.models import doubling, save, with_external_data

from modelport.cli.local_env import read_local_env
from modelport.cli.templates import template
from modelport.plan import make_plan
from modelport.spec import load_environment, load_service
from modelport.targets import NAMES, load


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, the current one, beside a model."""
    save(doubling(), tmp_path / "any.onnx")
    (tmp_path / "junk.onnx").write_text("junk")
    empty = tmp_path / "project"
    empty.mkdir()
    monkeypatch.chdir(empty)
    return empty


def start(modelport, name="fraud", model="../any.onnx", *more):
    return modelport("init", name, "--model", model, "--target", "local", *more)


def test_a_project_is_started_with_a_config_that_loads(modelport, folder):
    answer = start(modelport)
    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "next: modelport up -s local"
    service = Path("services/fraud.yaml")
    assert len(service.read_text().splitlines()) <= 15
    assert load_service(service).spec.metadata.name == "fraud"
    environment = load_environment(Path("Pulumi.local.yaml"))
    assert (environment.targets, environment.services, environment.environment) == (("local",), ("fraud",), "dev")


def test_nothing_that_belongs_to_this_machine_is_for_git(modelport, folder):
    start(modelport)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", "."], check=True)
    listed = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout
    assert ".modelport" not in listed.replace(".gitignore", "")
    assert "models/fraud.onnx" in listed


def test_state_and_a_secret_passphrase_are_the_projects_own(modelport, folder):
    start(modelport)
    environment = read_local_env(folder, {})
    assert environment["PULUMI_BACKEND_URL"] == (folder / ".modelport" / "state").as_uri()
    passphrase = Path(environment["PULUMI_CONFIG_PASSPHRASE_FILE"])
    assert passphrase.stat().st_mode & 0o777 == 0o600
    assert len(passphrase.read_text()) > 30


@pytest.mark.parametrize("given", ["PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"])
def test_an_environment_that_names_either_keeps_both(modelport, folder, given):
    start(modelport)
    assert read_local_env(folder, {given: "mine"}) == {given: "mine"}


def test_the_project_runs_with_the_python_that_made_it(modelport, folder):
    start(modelport)
    assert Path(".modelport/venv").resolve() == Path(sys.prefix).resolve()
    assert Path(".modelport/plugin/PulumiPlugin.yaml").exists()


def test_the_sample_is_one_for_the_model(modelport, folder):
    start(modelport)
    assert '"generated"' in Path("samples/fraud.json").read_text()


def test_files_that_are_there_are_never_overwritten(modelport, folder):
    Path("Pulumi.yaml").write_text("mine\n")
    answer = start(modelport)
    assert answer.code == 2
    assert "there already: Pulumi.yaml" in answer.err
    assert [path.name for path in folder.iterdir()] == ["Pulumi.yaml"]
    assert Path("Pulumi.yaml").read_text() == "mine\n"


def test_a_file_where_a_folder_is_needed_is_named_and_nothing_is_written(modelport, folder):
    Path("services").write_text("mine\n")
    answer = start(modelport)
    assert (answer.code, "there already: services." in answer.err) == (2, True)
    assert [path.name for path in folder.iterdir()] == ["services"]


def test_nothing_is_written_through_a_link(modelport, folder, tmp_path):
    Path("Pulumi.yaml").symlink_to(tmp_path / "elsewhere")
    answer = start(modelport)
    assert (answer.code, "there already: Pulumi.yaml." in answer.err) == (2, True)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_made_is_an_error_with_its_path(modelport, folder):
    Path("taken").write_text("mine\n")
    answer = start(modelport, "fraud", "../any.onnx", "--dir", "taken/project")
    assert answer.code == 1
    assert answer.err.startswith(str(folder / "taken" / "project"))
    assert "Not a directory" in answer.err


def test_another_folder_is_entered_in_the_next_command(modelport, folder):
    answer = start(modelport, "fraud", "../any.onnx", "--dir", "my models")
    assert answer.out.splitlines()[-1] == "next: cd 'my models' && modelport up -s local"
    assert Path("my models", "Pulumi.yaml").exists()


def test_what_belongs_to_the_model_comes_along(modelport, folder, tmp_path):
    with_external_data(tmp_path)
    assert start(modelport, "fraud", "../external.onnx").code == 0
    assert sorted(path.name for path in Path("models").iterdir()) == ["fraud.onnx", "weights.bin"]
    assert Path("models/weights.bin").read_bytes() == (tmp_path / "weights.bin").read_bytes()


@pytest.mark.parametrize(
    ("name", "model", "target", "code", "text"),
    [
        ("Fraud", "../any.onnx", "local", 2, "is no name for a service"),
        ("x", "../any.onnx", "local", 2, "is no name for a service"),
        ("fraud", "../missing.onnx", "local", 2, "cannot be read"),
        ("fraud", "..", "local", 2, "Is a directory"),
        ("fraud", "../junk.onnx", "local", 2, "not an ONNX model"),
        ("fraud", "../any.onnx", "locl", 2, "Did you mean local?"),
        ("fraud", "../any.onnx", "azureml", 2, "not built yet"),
    ],
)
def test_wrong_words_write_nothing(modelport, folder, name, model, target, code, text):
    answer = modelport("init", name, "--model", model, "--target", target)
    assert (answer.code, text in answer.err) == (code, True)
    assert not [*folder.iterdir()]


@pytest.mark.parametrize("target", [name for name in NAMES if template(name)])
def test_a_started_project_is_refused_nothing_and_breaks_no_policy(modelport, folder, target):
    answer = modelport("init", "fraud", "--model", "../any.onnx", "--target", target)
    assert answer.code == 0, answer.err
    stack = Path(f"Pulumi.{target}.yaml")
    plan = make_plan(load_service("services/fraud.yaml"), load_environment(stack), load(target))
    assert (plan.name, plan.environment.environment) == ("fraud", "dev")
    preview = modelport("preview", "-s", target, "--offline", "--engine", "embedded")
    assert (preview.code, " 0 violations" in preview.out + preview.err) == (0, True), preview.err


def test_a_stack_with_placeholders_says_what_to_put_in(modelport, folder):
    answer = modelport("init", "fraud", "--model", "../any.onnx", "--target", "kubernetes")
    assert "Put your own names into Pulumi.kubernetes.yaml: it has placeholders." in answer.out
    assert answer.out.splitlines()[-1] == "next: modelport preview -s kubernetes"
    assert (
        "# The cluster, as the kubeconfig calls it\n  kubernetes:context: my-cluster\n"
        in Path("Pulumi.kubernetes.yaml").read_text()
    )
