"""The serving images that a stack and its releases name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from modelport.plan import Objection, Release
from modelport.plan.release import releases
from modelport.spec import Environment, ModelSpec

IMAGE, GPU_IMAGE = "modelport:image", "modelport:gpuImage"
LAYOUT = "oci-layout:"
PINNED = re.compile(r".+@sha256:[0-9a-f]{64}")
REPOSITORY = "modelport-server"
"""What the stack's image is called in a registry that is given."""


def image_of(spec: ModelSpec, environment: Environment) -> tuple[str, str | None]:
    """Where a stack names the serving image of a service, and what it says."""
    if spec.compute.accelerator and environment.gpu_image:
        return GPU_IMAGE, environment.gpu_image
    return IMAGE, environment.image


def image_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """What is wrong with the images: none, or one that may change between two instances."""
    live = releases(spec, environment)
    path, image = image_of(spec, environment)
    if image is None and any(release.image is None for release in live):
        alternative = "`make image` writes one as an OCI layout and prints its digest."
        yield Objection(path, None, "instances run from an image, and the stack names none", alternative)
    if image is not None and not PINNED.fullmatch(image):
        yield _unpinned(path, image)
    for release in live:
        if release.image and not PINNED.fullmatch(release.image):
            yield _unpinned(place_of(release, spec, environment, "image", "serving.image"), release.image)


def place_of(release: Release, spec: ModelSpec, environment: Environment, of_release: str, of_service: str) -> str:
    """Where a release says it, or else the service file."""
    live: Any = environment.releases.get(spec.metadata.name)
    said = live and getattr(getattr(live, release.role), of_release)
    return f"modelport:releases.{spec.metadata.name}.{release.role}.{of_release}" if said else of_service


def digest_of(image: str) -> str:
    """The digest that an image is pinned by."""
    return image.rpartition("@")[2]


def _unpinned(path: str, image: str) -> Objection:
    alternative = "Write it as HOST/REPOSITORY@sha256:DIGEST: a tag may name another image tomorrow."
    return Objection(path, image, "an image without a digest may change between two instances", alternative)
