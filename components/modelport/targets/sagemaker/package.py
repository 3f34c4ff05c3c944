from __future__ import annotations

import pulumi

from modelport.providers.sagemaker import SageMakerModelPackage
from modelport.targets.provider import OwnResource
from modelport.targets.version import Version

from . import TARGET
from .account import Account
from .model import PACKED
from .resources import Resources

GROUP_LENGTH = 63
"""Most characters of a group's name: botocore, CreateModelPackageGroup."""


class ModelPackage(OwnResource):
    """A version in the registry; `props` are the inputs of `modelport:sagemaker:ModelPackage`."""

    crud = SageMakerModelPackage

    arn: pulumi.Output[str]


def package(
    own: Resources, account: Account, version: Version, image: pulumi.Input[str], serving: pulumi.Resource | None
) -> None:
    """A version in the registry, approved once it is the stable one; it stays there when another one comes.

    Args:
        serving: what is there once the stable one serves.
    """
    plan = own.plan
    mode = plan.spec.mode
    stable = version.release.role == "stable"
    machines = [plan.machine.name] if plan.machine else []
    facts = {**plan.tags, "version": TARGET.tag_rule.value(version.bundle.version)}
    inputs = {
        "region": account.region,
        "group": plan.names.of(max_length=GROUP_LENGTH),
        "digest": version.bundle.digest,
        "image": image,
        "model": own.resources[f"bundle-{version.slot}"].uri,
        "packed": mode in PACKED,
        "approval": "Approved" if stable else "PendingManualApproval",
        "description": f"{plan.name} {version.bundle.version}",
        "realtime": [] if mode == "batch" else machines,
        "transform": machines if mode == "batch" else [],
        "metadata": {key: value for key, value in facts.items() if value},
    }
    before = [serving] if stable and serving else []
    own.keep(ModelPackage, f"package-{version.slot}", inputs, pulumi.ResourceOptions(depends_on=before))
