"""What is in the image, read from its OCI layout alone."""

import hashlib
import json
import re
import tarfile
from pathlib import PurePosixPath

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from support.image import SECRET, make_image

pytestmark = [pytest.mark.image, pytest.mark.timeout(1800)]

LIBRARY = "opt/modelport/lib/"
BILL = "opt/modelport/sbom.cdx.json"


@pytest.fixture(scope="module")
def files(image):
    """Its files by path, with their content, as a container sees them."""
    found = {}
    for layer in image.layout.layers:
        with tarfile.open(layer) as archive:
            for member in archive:
                path = PurePosixPath(member.name.removeprefix("./"))
                if path.name.startswith(".wh."):
                    gone = path.with_name(path.name.removeprefix(".wh."))
                    found = {name: content for name, content in found.items() if not under(name, gone)}
                elif not member.isdir():
                    file = archive.extractfile(member) if member.isreg() else None
                    found[str(path)] = file.read() if file else b""
    return found


def under(name: str, folder: PurePosixPath) -> bool:
    return PurePosixPath(name).is_relative_to(folder)


def test_the_digest_is_that_of_the_manifest_and_every_blob_is_what_it_says(image):
    assert image.digest == image.layout.descriptor["digest"]
    descriptors = [image.layout.descriptor, image.layout.manifest["config"], *image.layout.manifest["layers"]]
    for descriptor in descriptors:
        content = image.layout.blob(descriptor["digest"]).read_bytes()
        assert descriptor["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert descriptor["size"] == len(content)


def test_it_starts_without_a_shell_as_nobody_on_every_address(image):
    config = image.layout.config["config"]
    assert config["Entrypoint"] == ["python3", "-P", "-m", "modelport_server"]
    assert config["Cmd"] == ["serve"]
    assert config["User"] == "65532:65532"
    assert config["StopSignal"] == "SIGTERM"
    assert list(config["ExposedPorts"]) == ["8080/tcp"]
    assert "MODELPORT_HOST=0.0.0.0" in config["Env"]


def test_its_labels_tell_platforms_and_people_what_it_is(image):
    labels = image.layout.config["config"]["Labels"]
    assert labels["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"] == "true"
    assert labels["org.opencontainers.image.title"] == "modelport-server"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert re.fullmatch(r"\d+\.\d+\.\d+", labels["org.opencontainers.image.version"])
    assert re.fullmatch(r"[0-9a-f]{40}", labels["org.opencontainers.image.revision"])


def test_nothing_in_it_installs_or_belongs_to_a_test(files):
    installers = re.compile(r"(^|/)(pip|setuptools|wheel|ensurepip|hatchling|cyclonedx)(/|-[0-9])")
    assert [path for path in files if installers.search(path)] == []
    assert [path for path in files if path.startswith(LIBRARY) and re.search(r"/tests?/", path)] == []


def test_a_base_of_debian_packages_has_neither_shell_nor_package_manager(image, files):
    if not image.bases["BASE_IMAGE"].endswith("base.tar"):
        pytest.skip("BASE_IMAGE is somebody else's")
    programs = {PurePosixPath(path).name for path in files if re.match(r"usr/s?bin/", path)}
    assert "python3" in programs
    assert programs.isdisjoint({"sh", "bash", "dash", "busybox", "perl", "dpkg", "apt", "apt-get", "openssl", "su"})


def test_every_module_is_compiled_and_is_not_compared_with_its_source(files):
    modules = [path for path in files if path.startswith(LIBRARY) and path.endswith(".pyc")]
    assert len(modules) > 1000
    unchecked = (0b01).to_bytes(4, "little")
    assert [path for path in modules if files[path][4:8] != unchecked] == []


def test_its_bill_of_materials_is_valid_and_names_what_is_there(files):
    text = files[BILL].decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    purls = {component["purl"] for component in json.loads(text)["components"]}
    records = [path for path in files if re.match(rf"{LIBRARY}[^/]+\.dist-info/METADATA$", path)]
    python = {named(files[path].decode()) for path in records}
    assert {purl for purl in purls if purl.startswith("pkg:pypi/")} == python
    assert any(purl.startswith("pkg:pypi/modelport-server@") for purl in purls)
    status = files.get("var/lib/dpkg/status", b"").decode()
    debian = {re.sub(r"\?.*", "", purl) for purl in purls if purl.startswith("pkg:deb/")}
    assert {PurePosixPath(purl).name.partition("@")[0] for purl in debian} == {
        name.replace("+", "%2B") for name in re.findall(r"^Package: (.+)$", status, re.MULTILINE)
    }


def named(metadata: str) -> str:
    name, version = (re.search(rf"^{field}: (\S+)", metadata, re.MULTILINE)[1] for field in ("Name", "Version"))
    return f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"


def test_no_secret_of_the_builder_is_in_it(image, files):
    assert SECRET not in json.dumps(image.layout.config)
    assert [path for path, content in files.items() if SECRET.encode() in content] == []
    assert [path for path in files if re.search(r"(^|/)(\.git|\.env|\.netrc|pip\.conf|\.modelport)(/|$)", path)] == []


def test_the_same_content_gives_the_same_digest(image, tmp_path):
    assert make_image(tmp_path, image.bases).digest == image.digest
