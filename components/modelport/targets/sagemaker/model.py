from __future__ import annotations

from typing import Any

import pulumi

from modelport.targets.artifact import ArtifactBundle, bundle_inputs
from modelport.targets.settings import settings
from modelport.targets.version import Version

from .network import Network
from .resources import MODEL, Resources
from .storage import Store


def model(
    own: Resources, version: Version, image: pulumi.Input[str], role: pulumi.Input[str], store: Store, network: Network
) -> Any:
    """A version as SageMaker runs it: no container of it reaches anything but through SageMaker itself."""
    container = {
        "image": image,
        "modelDataSource": {"s3DataSources": [_folder(_bundle(own, version, store))]},
        "environment": settings(own.plan, version),
    }
    inputs = {
        "executionRoleArn": role,
        "primaryContainer": container,
        "enableNetworkIsolation": True,
        "vpcConfig": network.config,
    }
    rights = [own.resources["role-policy"]] if "role-policy" in own.resources else []
    return own.make(MODEL, f"model-{version.slot}", inputs, pulumi.ResourceOptions(depends_on=rights))


def _bundle(own: Resources, version: Version, store: Store) -> ArtifactBundle:
    inputs = {**bundle_inputs(version.bundle), "target": pulumi.Output.concat(store.address, f"/{own.plan.name}")}
    opts = pulumi.ResourceOptions(depends_on=[*store.ready])
    return own.make(ArtifactBundle, f"bundle-{version.slot}", inputs, opts)


def _folder(bundle: ArtifactBundle) -> dict[str, Any]:
    """All files of a bundle, as they are."""
    uri = pulumi.Output.concat(bundle.uri, "/")
    return {"s3Uri": uri, "s3DataType": "S3Prefix", "compressionType": "None"}
