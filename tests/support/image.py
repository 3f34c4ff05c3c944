"""The serving image, as `make image` builds it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
SECRET = "5f1c0e-never-in-an-image"


@dataclass(frozen=True)
class Image:
    """What was built, and from what."""

    name: str
    digest: str
    engine: str
    layout: Layout
    bases: dict[str, str]


def make_image(output: Path, bases: dict[str, str]) -> Image:
    """The image on these bases, built by somebody who has secrets; skips where no engine works."""
    environment = {**os.environ, **bases, "AWS_SECRET_ACCESS_KEY": SECRET, "MODELPORT_TOKEN": SECRET}
    command = [sys.executable, SCRIPTS / "image.py", "--json", "--output", output]
    command += ["--tag", "localhost/modelport-server:test"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    return Image(report["name"], report["digest"], report["engine"], Layout(Path(report["layout"])), bases)


def debian(folder: Path) -> dict[str, str]:
    """A base without a shell, and one that builds on it."""
    if not shutil.which("mmdebstrap") and not os.environ.get("MODELPORT_REQUIRE_ALL"):
        pytest.skip("there is no BASE_IMAGE, and no mmdebstrap to make one from Debian packages")
    done = subprocess.run([sys.executable, SCRIPTS / "debian_base.py", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    base, build_base = done.stdout.split()
    return {"BASE_IMAGE": base, "BUILD_IMAGE": build_base}


class Layout:
    """An OCI layout of one image: its config, and the files of its layers as a container sees them."""

    def __init__(self, folder: Path):
        self._folder = folder
        (self.descriptor,) = json.loads((folder / "index.json").read_text())["manifests"]
        self.manifest = json.loads(self.blob(self.descriptor["digest"]).read_bytes())
        self.config = json.loads(self.blob(self.manifest["config"]["digest"]).read_bytes())

    def blob(self, digest: str) -> Path:
        return self._folder / "blobs" / Path(*digest.split(":"))

    @property
    def layers(self) -> list[Path]:
        return [self.blob(layer["digest"]) for layer in self.manifest["layers"]]


def readable(folder: Path) -> Path:
    """`folder`, with all in it to be read by any user."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder
