from __future__ import annotations

import pulumi

from modelport.targets.artifact import copied_image
from modelport.targets.images import image_of
from modelport.targets.version import Version

from .resources import Resources

PLATFORM = "linux/amd64"
"""Of every instance type in capacity.py."""


def serving_image(own: Resources, version: Version, repository: pulumi.Input[str]) -> pulumi.Input[str]:
    """A version's image by digest, copied to the repository unless it is in the registry that is given."""
    image = image_named(own, version)
    registry = own.plan.environment.existing.registry
    if isinstance(registry, str) and image.startswith(f"{registry}/"):
        return image
    return copied_image(own, f"image-{version.slot}", image, repository, PLATFORM)


def image_named(own: Resources, version: Version) -> str:
    """A version's image as the stack or its release names it."""
    image = version.release.image or image_of(own.plan.spec, own.plan.environment)[1]
    assert image is not None  # else the plan is refused
    return image
