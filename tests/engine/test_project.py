import sys

import pytest

from modelport_engine.projects.project import Project, ProjectError
from modelport_engine.projects.yaml import YamlError


@pytest.fixture
def write(tmp_path):
    def write_project(text):
        (tmp_path / "Pulumi.yaml").write_text(text)
        return tmp_path

    return write_project


def test_a_project_is_found_from_any_folder_below_it(write):
    root = write("name: demo\nruntime: python\n")
    (root / "a" / "b").mkdir(parents=True)
    project = Project.load(root / "a" / "b")
    assert (project.root, project.name, project.folder) == (root, "demo", root)
    assert str(project.python) == sys.executable


def test_a_project_says_where_program_config_plugins_and_state_lie(write):
    root = write("""
name: demo
runtime: {name: python, options: {virtualenv: venv}}
main: stacks
stackConfigDir: stacks/environments
backend: {url: "file://./state"}
plugins:
  providers:
    - {name: sim, path: ./sim}
packages:
  comps: ./comps
  random: random@4.0.0
""")
    (root / "venv/bin").mkdir(parents=True)
    (root / "venv/bin/python").touch()
    project = Project.load(root)
    assert project.python == root / "venv/bin/python"
    assert project.folder == root / "stacks"
    assert project.stack_file("dev") == root / "stacks/environments/Pulumi.dev.yaml"
    assert project.plugins == {"sim": root / "sim", "comps": root / "comps"}
    assert project.backend_url == "file://./state"


def test_config_that_is_a_folder_is_where_stack_files_lie(write):
    root = write("name: demo\nruntime: python\nconfig: settings\n")
    project = Project.load(root)
    assert project.stack_file("dev") == root / "settings/Pulumi.dev.yaml"
    assert project.config == {}


def test_stack_files_are_listed(write):
    root = write("name: demo\nruntime: python\n")
    for name in ("Pulumi.prod.yaml", "Pulumi.dev.yaml", "notes.yaml"):
        (root / name).touch()
    assert Project.load(root).stack_files() == ["dev", "prod"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("runtime: python\n", "needs a 'name'"),
        ("name: demo\n", "needs a 'runtime'"),
        ("name: demo\nruntime: nodejs\n", "runtime 'nodejs' is not supported"),
        ("name: demo\nruntime: {name: python, options: {virtualenv: gone}}\n", "virtual environment .*gone has no"),
    ],
)
def test_a_wrong_project_file_is_told(write, text, problem):
    with pytest.raises(ProjectError, match=problem):
        Project.load(write(text))


def test_a_folder_without_a_project_is_told(tmp_path):
    with pytest.raises(ProjectError, match=r"no Pulumi\.yaml project file found in"):
        Project.load(tmp_path)


@pytest.mark.parametrize(("text", "place"), [("name: [demo\n", r"Pulumi\.yaml:2: "), ("- a\n", "expected a mapping")])
def test_what_is_not_yaml_is_told_with_its_line(write, text, place):
    with pytest.raises(YamlError, match=place):
        Project.load(write(text))
