"""`make image`: build the serving image, write it as an OCI layout, print its digest.

BASE_IMAGE=NAME@sha256:... names the base; without it one is made from Debian packages, where mmdebstrap is installed.
Exit status: 0 built, 1 failed, 2 wrong usage, 3 no container engine works here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from container_engine import Failed, NoEngine, builder, pinned
from debian_base import debian_base
from wheels import fetch

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ["docker", "podman", "buildah"]
VARIANTS = {"cpu": "image", "gpu": "image-gpu"}
LOCKS = ROOT / "requirements"


def main() -> int:
    options = _options()
    try:
        report = make(options)
    except Failed as failure:
        print(f"make image: {failure}", file=sys.stderr)
        return failure.exit_code
    except subprocess.CalledProcessError as failure:
        print(f"make image: {' '.join(failure.cmd[:4])} ... ended with {failure.returncode}", file=sys.stderr)
        return 1
    print(json.dumps(report, indent=1) if options.json else report["digest"])
    return 0


def make(options: argparse.Namespace) -> dict[str, object]:
    """Build as the options say.

    Raises:
        Failed: with what went wrong and what to do.
    """
    engines = [options.engine] if options.engine else ENGINES
    if not any(map(shutil.which, engines)):
        raise NoEngine(
            f"There is no {' and no '.join(engines)} on PATH.\n  Install one that works here, such as podman."
        )
    with tempfile.TemporaryDirectory() as scratch:
        if options.base:
            base, build_base = pinned(options.base), options.build_base and pinned(options.build_base)
        else:
            base, build_base = map(str, debian_base(Path(scratch), epoch(), note))
        engine, base_image, python = builder(base, engines)
        note(f"{engine.name} builds on Python {python}")
        images = {"BASE_IMAGE": base_image, "BUILD_IMAGE": engine.take(build_base) if build_base else base_image}
        context = Path(scratch, "context")
        fill(context, VARIANTS[options.variant], python)
        note("building")
        settings = {**images, **described(options.variant)}
        arguments = [word for key, value in settings.items() for word in ("--build-arg", f"{key}={value}")]
        file = context / "serving_image" / "Dockerfile"
        image = engine.build(
            context,
            "--file",
            str(file),
            "--tag",
            options.tag,
            "--network",
            "none",
            *arguments,
            *engine.stamped(epoch()),
        )
        layout = options.output / options.variant
        layout.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(layout, ignore_errors=True)
        engine.save(image, layout)
    note(f"{options.tag} is {layout}, an OCI layout of {size(layout) / 1e6:.0f} MB")
    return {
        "digest": digest(layout),
        "layout": str(layout),
        "name": options.tag,
        "variant": options.variant,
        "engine": engine.name,
        "python": python,
        "bytes": size(layout),
    }


def fill(context: Path, lock: str, python: str) -> None:
    """The folder that is built from: the repository's files that count, and the wheels, so that no step fetches."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*")
    shutil.copytree(ROOT / "serving_image", context / "serving_image", ignore=ignored)
    requirements = context / "requirements"
    requirements.mkdir()
    for name in (lock, "image-build"):
        note(f"fetching the wheels of requirements/{name}.txt")
        shutil.copyfile(LOCKS / f"{name}.txt", requirements / f"{name}.txt")
        fetch(LOCKS / f"{name}.txt", python, requirements / "wheels")


def described(variant: str) -> dict[str, str]:
    """The other arguments of the Dockerfile."""
    project = tomllib.loads((ROOT / "serving_image" / "pyproject.toml").read_text("utf-8"))["project"]
    return {
        "VARIANT": VARIANTS[variant],
        "VERSION": project["version"],
        "REVISION": _git("rev-parse", "HEAD"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "/context/requirements/wheels",
    }


def epoch() -> int:
    """When the image is of, in seconds since 1970: SOURCE_DATE_EPOCH, or else the time of the last commit."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct") or 0)


def digest(layout: Path) -> str:
    """The digest of a layout's only image."""
    (manifest,) = json.loads((layout / "index.json").read_text())["manifests"]
    return manifest["digest"]


def size(layout: Path) -> int:
    """Bytes that a registry would keep."""
    return sum(blob.stat().st_size for blob in (layout / "blobs").rglob("*") if blob.is_file())


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _git(*words: str) -> str:
    """What git says, or nothing where this is no checkout."""
    if not shutil.which("git"):
        return ""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()


def _options() -> argparse.Namespace:
    environment = os.environ.get
    parser = argparse.ArgumentParser(prog="make image", description=__doc__)
    parser.add_argument("--base", default=environment("BASE_IMAGE"), help="the base, by digest, or here")
    parser.add_argument(
        "--build-base", default=environment("BUILD_IMAGE"), help="what builds on it (default: the base)"
    )
    parser.add_argument("--variant", default=environment("VARIANT", "cpu"), choices=VARIANTS)
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "image", help="gets a layout for each variant")
    parser.add_argument("--tag", default="localhost/modelport-server:latest", help="the image's name on this machine")
    parser.add_argument(
        "--engine", default=environment("ENGINE"), choices=ENGINES, help="default: the first that works"
    )
    parser.add_argument("--json", action="store_true", help="print a report in place of the digest")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
