import importlib.util
import shutil
from pathlib import Path

import pytest
from support.models import doubling, save


@pytest.fixture
def project(tmp_path, monkeypatch, modelport):
    """A project that `init` has started, in the current folder."""
    save(doubling(), tmp_path / "any.onnx")
    monkeypatch.chdir(tmp_path)
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert modelport("init", "fraud", "--model", "any.onnx").code == 0
    return tmp_path


def findings(answer):
    return {finding["subject"]: finding for finding in answer.json["findings"]}


def test_a_sound_project_lacks_nothing(modelport, project):
    answer = modelport("doctor", "--json")
    assert answer.code == 0
    assert answer.json["ok"]
    assert {"python", "target local", "plugin", "state and passphrase"} <= findings(answer).keys()


def test_targets_that_are_not_built_say_so_and_fail_nothing(modelport, project):
    found = findings(modelport("doctor", "--json"))["target azureml"]
    assert (found["state"], found["ok"], found["needed"]) == ("not built yet", False, False)


@pytest.mark.parametrize(
    ("target", "module", "extra"),
    [
        ("kubernetes", "pulumi_kubernetes", "kubernetes"),
        ("sagemaker", "pulumi_aws", "aws"),
        ("vertex", "pulumi_gcp", "gcp"),
    ],
)
def test_a_target_whose_sdk_is_missing_fails_nothing_and_says_what_to_install(
    modelport, project, monkeypatch, target, module, extra
):
    assert findings(modelport("doctor", "--json"))[f"target {target}"]["state"] == f"{module} is installed"
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else known(name))
    answer = modelport("doctor", "--json")
    found = findings(answer)[f"target {target}"]
    assert (answer.code, found["ok"], found["remedy"]) == (0, False, f"pip install 'modelport[{extra}]'")


@pytest.mark.parametrize("lost", ["plugin", "plugin/PulumiPlugin.yaml", "env", "venv"])
def test_what_is_lost_is_named_and_mended(modelport, project, lost):
    path = Path(".modelport", lost)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    broken = modelport("doctor")
    assert broken.code == 1
    assert "modelport doctor --fix" in broken.out
    assert modelport("doctor", "--fix").code == 0
    assert modelport("doctor").code == 0


def test_a_link_to_another_python_is_made_anew(modelport, project, tmp_path):
    link = Path(".modelport/venv")
    link.unlink()
    link.symlink_to(tmp_path)
    assert modelport("doctor", "--fix").code == 0
    assert link.resolve() != tmp_path


def test_a_project_file_that_is_wrong_is_not_for_us_to_mend(modelport, project):
    Path("Pulumi.yaml").write_text("name: [\n")
    broken = findings(modelport("doctor", "--json"))["project"]
    assert (broken["ok"], broken["remedy"]) == (False, "")
    assert "Pulumi.yaml:2" in broken["state"]


def test_a_fresh_clone_is_sent_to_the_doctor(modelport, project):
    shutil.rmtree(".modelport")
    answer = modelport("preview")
    assert (answer.code, answer.err.splitlines()[-1]) == (2, "  See what it lacks with: modelport doctor")


def test_without_a_project_the_installation_is_looked_at(modelport, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = modelport("doctor", "--json")
    assert answer.code == 0
    assert "project" not in findings(answer)
