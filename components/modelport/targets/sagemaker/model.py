from __future__ import annotations

from typing import Any

import pulumi

from modelport.targets.artifact import ArtifactBundle, bundle_inputs
from modelport.targets.settings import settings
from modelport.targets.version import Version

from .account import Account
from .metrics import writes_metrics
from .network import Network
from .resources import MODEL, Resources
from .storage import Store

PACKED = ("serverless", "batch")
"""Modes that take the model as one archive alone: botocore, ContainerDefinition.ModelDataSource."""


def model(
    own: Resources,
    account: Account,
    version: Version,
    image: pulumi.Input[str],
    role: pulumi.Input[str],
    store: Store,
    network: Network | None,
) -> Any:
    """A version as SageMaker runs it.

    No container of it reaches anything but through SageMaker itself, except where SageMaker takes neither isolation nor
    a network: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html (feature exclusions).
    """
    bundle = _bundle(own, account, version, store)
    packed = own.plan.spec.mode in PACKED
    data = {"modelDataUrl": bundle.uri} if packed else {"modelDataSource": {"s3DataSources": [_folder(bundle)]}}
    environment = {**settings(own.plan, version), **writes_metrics(own.plan, version)}
    container = {"image": image, **data, "environment": environment}
    isolated = {"enableNetworkIsolation": True, "vpcConfig": network.config} if network else {}
    inputs = {"executionRoleArn": role, "primaryContainer": container, **isolated}
    rights = [own.resources["role-policy"]] if "role-policy" in own.resources else []
    return own.make(MODEL, f"model-{version.slot}", inputs, pulumi.ResourceOptions(depends_on=rights))


def _bundle(own: Resources, account: Account, version: Version, store: Store) -> ArtifactBundle:
    inputs = {
        **bundle_inputs(version.bundle),
        "target": pulumi.Output.concat(store.address, f"/{own.plan.name}"),
        "region": account.region,
        **({"packed": True} if own.plan.spec.mode in PACKED else {}),
    }
    return own.make(ArtifactBundle, f"bundle-{version.slot}", inputs, pulumi.ResourceOptions(depends_on=[*store.ready]))


def _folder(bundle: ArtifactBundle) -> dict[str, Any]:
    """All files of a bundle, as they are."""
    uri = pulumi.Output.concat(bundle.uri, "/")
    return {"s3Uri": uri, "s3DataType": "S3Prefix", "compressionType": "None"}
