from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.states import PASSPHRASE, recorded_states
from support.workbench import Workbench

from modelport_engine.projects.project import Project
from modelport_engine.state.backend import Backend


@pytest.fixture
def project_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
    return folder


@pytest.fixture
def project(project_folder: Path) -> Project:
    return Project.load(project_folder)


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    (tmp_path / "state").mkdir()
    return Backend.from_url("file://state", tmp_path)


@pytest.fixture
def env(backend: Backend) -> Mapping[str, str]:
    return {"PULUMI_BACKEND_URL": backend.url, "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}


@pytest.fixture
def put_state(backend: Backend) -> Callable[[str], Path]:
    """Put a recorded checkpoint of project demo, stack dev where Pulumi's engine would have left it."""

    def put(scenario: str) -> Path:
        file = backend.root / ".pulumi/stacks/demo/dev.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(recorded_states()[f"{scenario}/checkpoint-file"])
        (backend.root / ".pulumi/meta.yaml").write_text("version: 1\n")
        return file

    return put


@pytest.fixture
def workbench(tmp_path: Path) -> Callable[[str], Workbench]:
    """A project of tests/engine/projects, ready to run."""
    return lambda project: Workbench(tmp_path, project)
