"""The variants of an endpoint: a version is known by its role there, so that the stable one never gets another name."""

from __future__ import annotations

import pulumi

from modelport.plan import Plan, Release
from modelport.providers.sagemaker import SageMakerVariants
from modelport.targets.provider import OwnResource

from ..account import Account
from ..names import endpoint_name
from ..resources import Resources


class Variants(OwnResource):
    """What an endpoint is about to have; `props` are the inputs of `modelport:sagemaker:Variants`."""

    crud = SageMakerVariants


def leaving(own: Resources, account: Account) -> list[pulumi.Resource]:
    """What has to be there before the endpoint, lest SageMaker keep a variant that goes; nothing without instances."""
    plan = own.plan
    if plan.machine is None:
        return []
    machines = {release.role: plan.machine.name for release in answering(plan)}
    inputs = {"region": account.region, "endpoint": endpoint_name(plan), "variants": machines}
    return [own.register(Variants, "variants", inputs)]


def answering(plan: Plan) -> tuple[Release, ...]:
    """The releases whose variants answer callers, stable first."""
    return tuple(release for release in plan.releases if not release.mirror)


def mirrored(plan: Plan) -> Release | None:
    """The release whose variant gets copies of requests, and answers nobody."""
    return next((release for release in plan.releases if release.mirror), None)


def suffix(role: str) -> str:
    """What the roles of a variant's resources end with."""
    return "" if role == "stable" else f"-{role}"
