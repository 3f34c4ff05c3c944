"""What a service on Vertex AI consists of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import pulumi

from modelport.providers.vertex import VertexDeployedModel, VertexModel, VertexTrafficSplit
from modelport.targets.children import Children, Maker
from modelport.targets.kinds import Kind as SdkKind
from modelport.targets.provider import OwnResource

R = TypeVar("R", bound=pulumi.CustomResource)
SDK = "pulumi_gcp"
EXTRA = "gcp"


class Kind(SdkKind):
    """A class of Pulumi's SDK for Google Cloud."""

    SDK = SDK


class Model(OwnResource):
    """A version of a model; `props` are the inputs of `modelport:vertex:Model`."""

    crud = VertexModel

    versionName: pulumi.Output[str]


class DeployedModel(OwnResource):
    """A version on machines; `props` are the inputs of `modelport:vertex:DeployedModel`."""

    crud = VertexDeployedModel

    deployedModelId: pulumi.Output[str]
    serviceAttachment: pulumi.Output[str | None]


class TrafficSplit(OwnResource):
    """Who gets the requests; `props` are the inputs of `modelport:vertex:TrafficSplit`."""

    crud = VertexTrafficSplit


ACCOUNT = Kind("serviceaccount:Account")
ADDRESS = Kind("compute:Address")
ALERT = Kind("monitoring:AlertPolicy")
AGENT = Kind("projects:ServiceIdentity")
BUCKET = Kind("storage:Bucket")
BUCKET_GRANT = Kind("storage:BucketIAMMember")
BUDGET = Kind("billing:Budget")
CHANNEL = Kind("monitoring:NotificationChannel")
DASHBOARD = Kind("monitoring:Dashboard")
DATASET = Kind("bigquery:Dataset")
ENDPOINT = Kind("vertex:AiEndpoint")
FIREWALL = Kind("compute:Firewall")
FORWARDING_RULE = Kind("compute:ForwardingRule")
KEY = Kind("kms:CryptoKey")
KEY_GRANT = Kind("kms:CryptoKeyIAMMember")
KEY_RING = Kind("kms:KeyRing")
MONITORED = Kind("monitoring:CustomService")
NETWORK = Kind("compute:Network")
OBJECTIVE = Kind("monitoring:Slo")
REPOSITORY = Kind("artifactregistry:Repository")
SUBNET = Kind("compute:Subnetwork")


class Resources(Children):
    """Makes the resources of a service: with labels where Google takes labels."""

    def make(
        self, kind: Maker[R], role: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> R:
        """A `kind` in its role, from inputs without labels."""
        taken = kind.inputs if isinstance(kind, Kind) else getattr(kind, "inputs", ())
        labels = {key: dict(self.plan.tags) for key in ("userLabels", "labels", "tags") if key in taken}
        return self.register(kind, role, {**labels, **inputs}, opts)

    def keep(
        self, kind: Maker[R], role: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> R:
        """What `make` makes, and a destroyed stack leaves where it is: it holds data, or guards what does."""
        kept = pulumi.ResourceOptions(retain_on_delete=True)
        return self.make(kind, role, inputs, pulumi.ResourceOptions.merge(kept, opts))
