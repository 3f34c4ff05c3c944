from __future__ import annotations

from collections.abc import Sequence

import pulumi

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


def smoke_test(
    own: Resources, account: Account, endpoint: pulumi.Resource, live: Sequence[Version]
) -> SmokeTest | None:
    """The first requests to an endpoint, one to each variant that answers callers; None where answers are files."""
    plan = own.plan
    if plan.spec.mode not in MODES:
        return None
    answering = {each.release.role: each.bundle for each in live if not each.release.mirror}
    inputs = {
        "region": account.region,
        "endpoint": own.resources["endpoint"].name,
        "configuration": own.resources["configuration"].name,
        "bundles": {role: str(bundle.path.absolute()) for role, bundle in answering.items()},
        "digests": {role: bundle.digest for role, bundle in answering.items()},
        "seconds": longest_update(plan),
    }
    return own.register(SmokeTest, "smoke-test", inputs, pulumi.ResourceOptions(depends_on=[endpoint]))
