"""Pulumi's own engine goes on where this one stopped, and the other way round; needs `pulumi` on PATH."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("pulumi"), reason="pulumi is not on PATH")

PROJECTS = ["demo", "demo4", "whole"]


@pytest.fixture
def pulumi(tmp_path):
    """Pulumi's command line, on a workbench's project and state, with this interpreter."""
    home = tmp_path / "home"
    home.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(bench, *words):
        env = {**bench.env, "PATH": path, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
        command = ["pulumi", *words, "--stack", "dev", "--non-interactive"]
        done = subprocess.run(command, cwd=bench.folder, env=env, capture_output=True, text=True, timeout=110)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(params=PROJECTS)
def bench(request, workbench):
    bench = workbench(request.param)
    bench.configure(["password"], mode="base", region="r1", password="hunter2")
    for folder in (bench.folder.parent / plugin for plugin in ("sim", "duo")):
        (folder / "venv").symlink_to(sys.prefix)  # where Pulumi looks for the environment of a plugin
    return bench


def test_pulumi_sees_no_changes_after_this_engine(bench, pulumi):
    assert bench.run("up", skip_preview=True).exit_code == 0, bench.errors()

    pulumi(bench, "preview", "--expect-no-changes")
    pulumi(bench, "up", "--yes", "--skip-preview", "--expect-no-changes")
    pulumi(bench, "refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert bench.run("preview", expect_no_changes=True).exit_code == 0, bench.errors()


def test_this_engine_sees_no_changes_after_pulumi(bench, pulumi):
    pulumi(bench, "stack", "init")
    pulumi(bench, "up", "--yes", "--skip-preview")

    assert bench.run("up", expect_no_changes=True).exit_code == 0, bench.errors()
    assert bench.run("refresh", expect_no_changes=True).exit_code == 0, bench.errors()
    pulumi(bench, "preview", "--expect-no-changes")


@pytest.mark.parametrize("bench", ["demo4", "whole"], indirect=True)
def test_either_engine_destroys_what_the_other_made(bench, pulumi):
    bench.run("up", skip_preview=True)
    pulumi(bench, "destroy", "--yes", "--skip-preview")
    assert bench.cloud == {}

    pulumi(bench, "up", "--yes", "--skip-preview")
    assert bench.run("destroy", skip_preview=True).exit_code == 0, bench.errors()
    assert bench.cloud == {}


def test_an_export_of_either_engine_is_imported_by_the_other(bench, pulumi):
    bench.run("up", skip_preview=True)
    exported = json.loads(pulumi(bench, "stack", "export"))

    assert exported["deployment"] == bench.state
