from __future__ import annotations

import json
from typing import Any

import pulumi

from modelport.targets.images import REPOSITORY as NAME

from .resources import REPOSITORY, REPOSITORY_LIFECYCLE, Resources

KEPT_IMAGES = 50


def repository(own: Resources, key: pulumi.Input[str]) -> pulumi.Input[str]:
    """The address of the repository that the serving image is brought to, made unless a registry is given."""
    registry = own.plan.environment.existing.registry
    if registry is not None:
        return pulumi.Output.concat(registry, "/", NAME)
    kept = own.plan.environment.environment == "prod"  # elsewhere it can be copied anew
    make = own.keep if kept else own.make
    inputs = {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": key}],
        "forceDelete": not kept,
    }
    made = make(REPOSITORY, "registry", inputs)
    make(REPOSITORY_LIFECYCLE, "registry-lifecycle", {"repository": made.name, "policy": json.dumps(_newest())})
    return made.repository_url


def _newest() -> dict[str, Any]:
    """Keep the newest images: they are pulled by digest, so that those without a tag may be in use."""
    chosen = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES}
    rule = {"rulePriority": 1, "description": "Keep the newest.", "selection": chosen, "action": {"type": "expire"}}
    return {"rules": [rule]}
