from __future__ import annotations

from pathlib import Path

import pulumi

from modelport.targets.artifact import ArtifactImage
from modelport.targets.running import project_root

from .objects import Objects
from .rules import LAYOUT, image_of

REPOSITORY = "modelport-server"


def stack_image(own: Objects) -> pulumi.Input[str] | None:
    """The stack's serving image, by digest, from where nodes pull it: copied to the given registry unless it is there.

    None where every release brings its own.
    """
    registry = own.plan.environment.existing.registry
    _, image = image_of(own.plan.spec, own.plan.environment)
    if image is None or registry is None or (isinstance(registry, str) and image.startswith(f"{registry}/")):
        return image
    source, _, digest = image.rpartition("@")
    inputs = {
        "source": _layout(source) if source.startswith(LAYOUT) else image,
        "digest": digest,
        "repository": pulumi.Output.concat(registry, "/", REPOSITORY),
    }
    return own.make(ArtifactImage, "image", inputs).reference


def digest_of(image: str) -> str:
    """The digest that an image is pinned by."""
    return image.rpartition("@")[2]


def _layout(source: str) -> str:
    """An OCI layout by its absolute path; a relative one starts at the project's folder."""
    return LAYOUT + str(project_root() / Path(source.removeprefix(LAYOUT)))
