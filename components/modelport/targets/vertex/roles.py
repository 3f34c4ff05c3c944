"""What a service on Vertex AI may consist of, by role: logical names end with them, and are public."""

from __future__ import annotations

from collections.abc import Mapping

from modelport.spec.releases import SLOTS
from modelport.targets.artifact import ArtifactBundle, ArtifactImage
from modelport.targets.patches import Kind as PatchKind

from .agents import MADE
from .monitoring.alerts import alert_roles
from .monitoring.channels import channel_roles
from .monitoring.objectives import objective_roles
from .resources import (
    ACCOUNT,
    ADDRESS,
    AGENT,
    BUCKET,
    BUCKET_GRANT,
    BUDGET,
    CHANNEL,
    DASHBOARD,
    DATASET,
    ENDPOINT,
    FIREWALL,
    FORWARDING_RULE,
    KEY,
    KEY_GRANT,
    KEY_RING,
    NETWORK,
    REPOSITORY,
    SUBNET,
    DeployedModel,
    Model,
    TrafficSplit,
)

OF_A_SLOT = {"image": ArtifactImage, "bundle": ArtifactBundle, "model": Model, "deployment": DeployedModel}

ROLES: Mapping[str, PatchKind] = {
    **{f"agent-{use}": AGENT for use in MADE},
    "keyring": KEY_RING,
    "key": KEY,
    **{f"key-{use}": KEY_GRANT for use in (*MADE, "storage", "captures")},
    "accesslogs": BUCKET,
    "accesslogs-writer": BUCKET_GRANT,
    "bucket": BUCKET,
    "registry": REPOSITORY,
    "vpc": NETWORK,
    "subnet": SUBNET,
    "vpc-closed": FIREWALL,
    "vpc-endpoint": FIREWALL,
    "account": ACCOUNT,
    "account-models": BUCKET_GRANT,
    **{f"{role}-{slot}": kind for slot in SLOTS for role, kind in OF_A_SLOT.items()},
    "captures": DATASET,
    "endpoint": ENDPOINT,
    "traffic": TrafficSplit,
    "address": ADDRESS,
    "private": FORWARDING_RULE,
    **dict.fromkeys(channel_roles(), CHANNEL),
    **dict(objective_roles()),
    **dict(alert_roles()),
    "dashboard": DASHBOARD,
    "budget": BUDGET,
}
