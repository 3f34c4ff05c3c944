import pytest

from modelport_engine.projects.project import Project
from modelport_engine.projects.versions import VersionError, require

ACCEPTED = [
    ">=3.0.0",
    "3.260.0",
    "=3.260.0",
    "3.x",
    "3.260.x",
    ">3.2.1 <4.0.0",
    "<2.0.0 || >=3.200.0",
    "!3.7.7",
    "<=3.260.0",
]
REFUSED = [">=4.0.0", "2.x", "<3.0.0 || >3.260.0", "!3.260.0", ">3.0.0 <3.100.0", ">3.x", "!=3.x"]


@pytest.mark.parametrize("demanded", ACCEPTED)
def test_a_version_in_the_range_is_accepted(demanded):
    require(demanded, "v3.260.0")


@pytest.mark.parametrize("demanded", REFUSED)
def test_a_version_outside_the_range_is_refused(demanded):
    with pytest.raises(VersionError, match=r"3\.260\.0 does not satisfy"):
        require(demanded, "v3.260.0")


@pytest.mark.parametrize("demanded", ["", "newest", ">=3.0.0,<4", "=>3.0.0", "3.0.0 and later"])
def test_what_is_no_range_is_refused(demanded):
    with pytest.raises(VersionError, match="cannot read"):
        require(demanded, "v3.260.0")


def test_a_program_may_demand_a_version(workbench):
    bench = workbench("demo")
    (bench.folder / "__main__.py").write_text("import pulumi\npulumi.require_pulumi_version('>=4.0.0')\n")

    assert bench.run("up", skip_preview=True).exit_code == 1
    assert 'does not satisfy the version range ">=4.0.0"' in bench.errors()


def test_a_project_may_demand_a_version(project_folder):
    (project_folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\nrequiredPulumiVersion: '>=4.0.0'\n")

    with pytest.raises(VersionError, match="does not satisfy"):
        Project.load(project_folder)
