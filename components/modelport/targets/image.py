"""The serving image of a version, where a cloud takes it from."""

from __future__ import annotations

import pulumi

from .artifact import copied_image
from .children import Children
from .images import image_of
from .version import Version


def serving_image(own: Children, version: Version, repository: pulumi.Input[str], platform: str) -> pulumi.Input[str]:
    """A version's image by digest, copied to the repository unless it is in the registry that is given."""
    image = image_named(own, version)
    registry = own.plan.environment.existing.registry
    if isinstance(registry, str) and image.startswith(f"{registry}/"):
        return image
    return copied_image(own, f"image-{version.slot}", image, repository, platform)


def image_named(own: Children, version: Version) -> str:
    """A version's image as the stack or its release names it."""
    image = version.release.image or image_of(own.plan.spec, own.plan.environment)[1]
    assert image is not None  # else the plan is refused
    return image
