"""The repository's own stacks preview from a fresh clone: without a cloud, a cluster, a backend or a passphrase."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STACKS = sorted(file.name.split(".")[1] for file in (ROOT / "stacks" / "environments").glob("Pulumi.*.yaml"))


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """What a program of the repository needs of it."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks", folder / "stacks")
    (folder / "components").mkdir()
    for name in ("PulumiPlugin.yaml", "__main__.py"):
        shutil.copy(ROOT / "components" / name, folder / "components")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_of_the_repository_previews_offline_and_breaks_no_policy(clone, stack):
    nowhere = {"PATH": os.environ["PATH"], "HOME": str(clone / "home")}
    command = [
        str(Path(sys.executable).with_name("modelport")),
        "preview",
        "-s",
        stack,
        "--offline",
        "--export",
        f"{stack}.json",
    ]
    ran = subprocess.run(command, cwd=clone, env=nowhere, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " 0 violations" in ran.stdout + ran.stderr
    planned = json.loads((clone / f"{stack}.json").read_text())["deployment"]["resources"]
    assert any(each["type"] == "modelport:index:ModelService" for each in planned)
