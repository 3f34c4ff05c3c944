from __future__ import annotations

import math
from collections.abc import Sequence

import pulumi

from modelport.errors import ModelportError
from modelport.plan import Plan
from modelport.providers.sagemaker import SageMakerSmokeTest
from modelport.targets.provider import OwnResource
from modelport.targets.version import Version

from .account import Account
from .releases.deployment import longest_update
from .resources import Resources

MODES = ("realtime", "serverless")
"""Those in which an endpoint answers at once."""


class SmokeTest(OwnResource):
    """An endpoint that has answered; `props` are the inputs of `modelport:sagemaker:SmokeTest`."""

    crud = SageMakerSmokeTest


def check_samples(plan: Plan, live: Sequence[Version]) -> None:
    """Refuse a model whose sample the service would answer with 413.

    Raises:
        ModelportError: it is larger than `request.payload`.
    """
    allowed = plan.spec.request.payload
    for each in _answering(live) if plan.spec.mode in MODES else ():
        size = (each.bundle.path / "sample.json").stat().st_size
        if size > allowed.bytes:
            raise ModelportError(
                f"{plan.name}: request.payload\n  has {allowed}, and the sample of its model, which is asked first, has"
                f" {size} bytes. Write payload: {math.ceil(size / 1024)}Ki,\n  or give the model a smaller one:"
                " modelport bundle build --sample FILE"
            )


def smoke_test(
    own: Resources, account: Account, endpoint: pulumi.Resource, live: Sequence[Version]
) -> SmokeTest | None:
    """The first requests to an endpoint, one to each variant that answers callers; None where answers are files."""
    plan = own.plan
    if plan.spec.mode not in MODES:
        return None
    answering = {each.release.role: each.bundle for each in _answering(live)}
    inputs = {
        "region": account.region,
        "endpoint": own.resources["endpoint"].name,
        "configuration": own.resources["configuration"].name,
        "bundles": {role: str(bundle.path.absolute()) for role, bundle in answering.items()},
        "digests": {role: bundle.digest for role, bundle in answering.items()},
        "seconds": longest_update(plan),
    }
    return own.register(SmokeTest, "smoke-test", inputs, pulumi.ResourceOptions(depends_on=[endpoint]))


def _answering(live: Sequence[Version]) -> list[Version]:
    """The versions that answer callers."""
    return [each for each in live if not each.release.mirror]
