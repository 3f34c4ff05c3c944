"""What `make image` decides before it builds."""

import json
import os
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from container_engine import LOW_LIMITS, Engine, Failed, NoEngine, builder, pinned, runner
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from debian_base import closure
from wheels import applicable

ROOT = Path(__file__).parents[2]
SBOM = ROOT / "serving_image" / "image" / "sbom.py"
DIGEST = "sha256:" + "0" * 64
STATUS = """\
Package: python3
Status: install ok installed
Architecture: amd64
Version: 3.11.2-1+b1
Source: python3-defaults (3.11.2-1)

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Write programs; they are all there is on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()

    def write(name, text):
        path = tmp_path / "bin" / name
        path.write_text(f"#!{sys.executable}\nimport sys\nwords = sys.argv[1:]\n{text}\n")
        path.chmod(0o755)

    return write


BUILDS = """
if words[0] == "build":
    open(words[words.index("--iidfile") + 1], "w").write("sha256:abc")
    print("python 3.12.4")
"""


@pytest.mark.parametrize(
    "base", [f"python:3.13-slim@{DIGEST}", f"a.example/b/c@{DIGEST}", DIGEST, "0" * 64, "localhost/base:1", str(ROOT)]
)
def test_a_base_that_cannot_move_is_taken(base):
    assert pinned(base) == base


@pytest.mark.parametrize("base", ["python:3.13-slim", "python", "a.example/b:latest", "python@sha256:12", "/not/there"])
def test_a_base_that_somebody_may_move_is_refused(base):
    with pytest.raises(Failed, match=f"BASE_IMAGE={base}\n.*another image tomorrow.\n  Give it by digest"):
        pinned(base)


def test_the_first_engine_that_builds_is_used(programs):
    programs("docker", 'sys.exit("Cannot connect to the Docker daemon")')
    programs("podman", BUILDS)
    engine, image, python = builder(DIGEST, ["docker", "podman", "buildah"])
    assert (engine.name, image, python) == ("podman", DIGEST, "3.12.4")


def test_an_engine_that_needs_options_here_gets_them(programs):
    programs("podman", 'if words[0] == "build" and "chroot" not in words: sys.exit("no namespaces")\n' + BUILDS)
    engine, _, _ = builder(DIGEST, ["podman"])
    assert "chroot" in engine.build_options


def test_where_no_engine_builds_each_says_why(programs):
    programs("docker", 'sys.exit("Cannot connect to the Docker daemon")')
    with pytest.raises(NoEngine) as failure:
        builder(DIGEST, ["docker", "podman"])
    assert "Cannot connect to the Docker daemon" in str(failure.value)
    assert "podman is not on PATH." in str(failure.value)


def test_without_an_engine_nothing_is_begun(programs):
    done = subprocess.run([sys.executable, ROOT / "scripts" / "image.py"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("make image: There is no docker and no podman and no buildah on PATH.")


def test_a_base_whose_python_the_server_does_not_know_is_refused(programs):
    programs("podman", BUILDS.replace("3.12.4", "3.9.2"))
    with pytest.raises(Failed, match=r"has Python 3\.9\.2, and the server needs 3\.11 to 3\.13"):
        builder(DIGEST, ["podman"])


def test_an_engine_that_cannot_raise_limits_runs_with_low_ones(programs):
    programs("podman", 'if "--ulimit" not in words: sys.exit("error setting rlimit")')
    assert runner(Engine("podman"), DIGEST).run_command("i", "serve") == ["podman", "run", *LOW_LIMITS, "i", "serve"]


def test_where_no_engine_runs_it_says_why(programs):
    programs("docker", 'sys.exit("no such runtime")')
    with pytest.raises(NoEngine, match="no such runtime"):
        runner(Engine("docker"), DIGEST)


@pytest.mark.parametrize(("python", "version"), [("3.11.2", "1"), ("3.12.0", "2"), ("3.13.1", "2")])
def test_the_wheels_are_those_for_the_python_of_the_image(python, version):
    hashes = f"    --hash={DIGEST}"
    stated = [
        "a==1 ; python_full_version < '3.12'",
        "a==2 ; python_full_version >= '3.12'",
        "b==1 ; os_name == 'nt'",
        "c==3",
    ]
    lock = "\n".join(f"{line} \\\n{hashes}" for line in stated)
    assert applicable(lock, python) == [f"a=={version} \\\n{hashes}", f"c==3 \\\n{hashes}"]


def test_a_base_keeps_what_python_needs_and_not_what_installs_it():
    stanzas = {
        "python3": "Depends: libc6 (>= 2), mime | media\nPre-Depends: python3-minimal",
        "python3-minimal": "Pre-Depends: dpkg, debconf | debconf-2.0",
        "libc6": "Depends: libgcc",
        "media": "Provides: mime",
        "libgcc": "",
        "dpkg": "Depends: tar",
        "tar": "",
        "nano": "",
    }
    assert closure(["python3"], stanzas) == {"python3", "python3-minimal", "libc6", "media", "libgcc"}


@pytest.fixture
def bill(tmp_path):
    """Write the bill of this environment, on a root file system with some Debian packages."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)

    def bill(status=STATUS):
        (tmp_path / "var/lib/dpkg/status").write_text(status)
        output, packages = tmp_path / "bill.json", sysconfig.get_path("purelib")
        command = [sys.executable, SBOM, "--variant", "image", "--root", tmp_path, "--packages", packages]
        env = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
        subprocess.run([*command, "--output", output], env=env, check=True)
        return output.read_text()

    return bill


def test_a_bill_of_materials_is_valid_and_the_same_each_time(bill):
    text = bill()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert text == bill()


def test_a_bill_of_materials_names_packages_of_python_and_debian_and_what_they_need(bill):
    stated = json.loads(bill())
    assert stated["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    purls = {component["name"]: component["purl"] for component in stated["components"]}
    source = "upstream=python3-defaults%403.11.2-1"
    assert purls["python3"] == f"pkg:deb/debian/python3@3.11.2-1%2Bb1?arch=amd64&distro=debian-12&{source}"
    assert "gone" not in purls
    assert "python" not in purls
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in stated["dependencies"]}
    assert purls["httpcore"] in needs[purls["httpx"]]


def test_a_python_that_is_no_package_is_in_the_bill_too(bill):
    purls = [component["purl"] for component in json.loads(bill(status=""))["components"]]
    assert f"pkg:generic/python@{platform.python_version()}" in purls
