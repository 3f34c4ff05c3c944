"""What `pip install modelport[local]` gives, in an environment of its own, away from the repository."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support.models import doubling, save

ROOT = Path(__file__).parents[1]
SECONDS = 110


@pytest.fixture(scope="module")
def modelport(tmp_path_factory):
    """The console script of the two built wheels; what they depend on is borrowed from this environment."""
    folder = tmp_path_factory.mktemp("wheels")
    for project in (ROOT, ROOT / "serving_image"):
        run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "-o", folder / "dist", project)
    venv = folder / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    install = ["install", "--quiet", "--no-deps", "--no-index", *(folder / "dist").glob("*.whl")]
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", venv / "bin" / "python", *install)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin" / "modelport"


def run(*words, cwd=None, env=None):
    done = subprocess.run([*map(str, words)], cwd=cwd, env=env, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(300)
def test_an_empty_folder_becomes_a_service_that_predicts(modelport, tmp_path):
    save(doubling(), tmp_path / "any.onnx")
    env = {"HOME": str(tmp_path / "home"), "PATH": os.defpath}

    def command(*words):
        return run(modelport, *words, cwd=tmp_path, env=env)

    assert "next: modelport up -s local" in command("init", "fraud", "--model", "any.onnx", "--target", "local")
    try:
        assert "1 created" in command("up", "--yes")
        assert "FP32" in command("invoke", "fraud")
        assert "nothing changes" in command("up", "--yes")
    finally:
        command("destroy", "--yes")
    assert not (tmp_path / "home").exists()


def test_the_wheel_carries_the_policy_pack(modelport, tmp_path):
    pack = Path(run(modelport, "policies", "path", cwd=tmp_path).strip())
    assert pack.is_relative_to(modelport.parents[1])
    assert (pack / "PulumiPolicy.yaml").exists()


def test_the_wheel_carries_the_workflows(modelport):
    (found,) = modelport.parents[1].glob("lib/python*/site-packages/modelport/cli/ci/workflows")
    own = ROOT / "components" / "modelport" / "cli" / "ci" / "workflows"
    files = {path.relative_to(own) for path in own.rglob("*") if path.is_file()}
    assert files == {path.relative_to(found) for path in found.rglob("*") if path.is_file()}
    assert len(files) == 7
