from __future__ import annotations

import pulumi

from modelport.providers.sagemaker import SageMakerWeights
from modelport.targets.provider import OwnResource

from ..account import Account
from ..resources import Resources
from .deployment import longest_update
from .variants import answering


class Weights(OwnResource):
    """An endpoint whose requests are divided so; `props` are the inputs of `modelport:sagemaker:Weights`."""

    crud = SageMakerWeights


def weights(own: Resources, account: Account, tested: pulumi.Resource | None) -> pulumi.Resource | None:
    """The shares of the versions that answer callers, once each has answered its sample; None where one answers all."""
    releases = answering(own.plan)
    if len(releases) < 2 or tested is None:
        return None
    inputs = {
        "region": account.region,
        "endpoint": own.resources["endpoint"].name,
        "configuration": own.resources["configuration"].name,
        "weights": {release.role: release.weight for release in releases},
        "seconds": longest_update(own.plan),
    }
    return own.register(Weights, "weights", inputs, pulumi.ResourceOptions(depends_on=[tested]))
