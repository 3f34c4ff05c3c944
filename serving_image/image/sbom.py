"""The image's bill of materials, CycloneDX 1.6: its Python packages, Python, and the Debian packages of its base.

The same content gives the same bytes: the serial number comes from the components, the time from SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LONGEST_LICENSE = 100  # characters: some packages put the licence's text where its name belongs


def main() -> None:
    """Write the bill as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variant", required=True, help="the image's name")
    parser.add_argument("--packages", type=Path, required=True, help="the folder of the installed Python packages")
    parser.add_argument("--root", type=Path, required=True, help="the base's root file system")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    made = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    options.output.write_text(document(options.variant, options.packages, options.root, made), "utf-8")


def document(variant: str, packages: Path, root: Path, made: datetime) -> str:
    """The bill as JSON.

    Args:
        variant: what it is of.
        packages: a folder of installed Python packages.
        root: a root file system; one without Debian packages adds nothing.
        made: when.
    """
    installed = {canonicalize_name(found.name): found for found in distributions(path=[str(packages)])}
    python = {name: python_component(found) for name, found in installed.items()}
    image = Component(name=variant, type=ComponentType.CONTAINER, bom_ref=variant)
    system = list(debian_components(root))
    if not any(component.name == "python3" for component in system):
        system.append(interpreter())

    bom = Bom(components=[*python.values(), *system])
    bom.metadata.component, bom.metadata.timestamp = image, made
    bom.register_dependency(image, [*python.values(), *system])
    for name, found in installed.items():
        bom.register_dependency(python[name], [python[other] for other in required(found) if other in python])
    refs = sorted(component.bom_ref.value or "" for component in bom.components)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, "\n".join([variant, *refs]))
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def python_component(found: Distribution) -> Component:
    """An installed Python package."""
    purl = PackageURL("pypi", name=canonicalize_name(found.name), version=found.version)
    stated = found.metadata.get("License-Expression") or found.metadata.get("License") or ""
    return Component(
        name=found.name,
        version=found.version,
        purl=purl,
        bom_ref=str(purl),
        description=found.metadata.get("Summary"),
        licenses=[declared(stated)] if 0 < len(stated) <= LONGEST_LICENSE else [],
    )


def declared(stated: str) -> License:
    """A licence as its package names it: an SPDX id or expression where it is one."""
    return LicenseFactory().make_from_string(stated, license_acknowledgement=LicenseAcknowledgement.DECLARED)


def required(found: Distribution) -> Iterator[str]:
    """The names of what a package needs here, without its extras."""
    for line in found.requires or []:
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            yield canonicalize_name(need.name)


def interpreter() -> Component:
    """Python itself, which the official images do not have from a Debian package."""
    purl = PackageURL("generic", name="python", version=platform.python_version())
    cpe = f"cpe:2.3:a:python:python:{platform.python_version()}:*:*:*:*:*:*:*"
    return Component(name="python", version=purl.version, purl=purl, cpe=cpe, bom_ref=str(purl))


def debian_components(root: Path) -> Iterator[Component]:
    """What dpkg has recorded, in one file or, in images without dpkg, in one per package."""
    records = [root / "var/lib/dpkg/status", *sorted((root / "var/lib/dpkg/status.d").glob("*"))]
    texts = [record.read_text("utf-8") for record in records if record.is_file() and record.suffix != ".md5sums"]
    release = _release(root / "etc/os-release")
    for text in texts:
        for stanza in re.split(r"\n\n+", text.strip()):
            package = HeaderParser().parsestr(stanza)
            if package["Package"] and package.get("Status", "installed").endswith("installed"):
                yield _debian_component(package, release)


def _debian_component(package: Message, release: dict[str, str]) -> Component:
    vendor, name, version = release.get("ID", "debian"), package["Package"], package["Version"]
    qualifiers = {"arch": package["Architecture"], "distro": f"{vendor}-{release.get('VERSION_ID', 'unknown')}"}
    if source := package["Source"]:  # `glibc` or `glibc (2.36-9)`: advisories are about sources
        qualifiers["upstream"] = source.replace(" (", "@").removesuffix(")")
    purl = PackageURL("deb", vendor, name, version, qualifiers)
    return Component(name=name, version=version, purl=purl, bom_ref=str(purl))


def _release(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    lines = (line.partition("=") for line in file.read_text("utf-8").splitlines())
    return {key: value.strip("\"'") for key, _, value in lines}


if __name__ == "__main__":
    main()
