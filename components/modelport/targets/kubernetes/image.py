from __future__ import annotations

import pulumi

from modelport.targets.artifact import copied_image
from modelport.targets.images import REPOSITORY, image_of

from .objects import Objects


def stack_image(own: Objects) -> pulumi.Input[str] | None:
    """The stack's serving image, by digest, from where nodes pull it: copied to the given registry unless it is there.

    None where every release brings its own.
    """
    registry = own.plan.environment.existing.registry
    _, image = image_of(own.plan.spec, own.plan.environment)
    if image is None or registry is None or (isinstance(registry, str) and image.startswith(f"{registry}/")):
        return image
    return copied_image(own, "image", image, pulumi.Output.concat(registry, "/", REPOSITORY))
