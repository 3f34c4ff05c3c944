"""What a service on SageMaker may consist of, by role: logical names end with them, and are public."""

from __future__ import annotations

from collections.abc import Mapping

from modelport.spec.releases import SLOTS
from modelport.targets.artifact import ArtifactBundle, ArtifactImage
from modelport.targets.patches import Kind as PatchKind

from .monitoring.alarms import alarm_roles
from .monitoring.topic import topic_roles
from .network import PASSES, SERVICES, SUBNET_RANGES
from .package import ModelPackage
from .releases.variants import Variants, suffix
from .releases.weights import Weights
from .resources import (
    BUCKET,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    BUCKET_LOGGING,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_PUBLIC_ACCESS,
    BUCKET_VERSIONING,
    BUDGET,
    CAPACITY,
    CONFIGURATION,
    DASHBOARD,
    EGRESS,
    ENDPOINT,
    FLOW_LOG,
    INGRESS,
    KEY,
    KEY_ALIAS,
    LOG_GROUP,
    METRIC_ALARM,
    MODEL,
    NETWORK_ACL,
    NETWORK_ACL_RULE,
    POLICY,
    REPOSITORY,
    REPOSITORY_LIFECYCLE,
    ROLE,
    ROLE_POLICY,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SCALING,
    SCHEDULED_ACTION,
    SECURITY_GROUP,
    SUBNET,
    SUBSCRIPTION,
    TOPIC,
    TOPIC_POLICY,
    VPC,
    VPC_DEFAULT_GROUP,
    VPC_ENDPOINT,
)
from .schedule import MOST_WINDOWS
from .smoke_test import SmokeTest

OF_A_BUCKET = {
    "": BUCKET,
    "-publicaccess": BUCKET_PUBLIC_ACCESS,
    "-ownership": BUCKET_OWNERSHIP,
    "-encryption": BUCKET_ENCRYPTION,
    "-versioning": BUCKET_VERSIONING,
    "-lifecycle": BUCKET_LIFECYCLE,
    "-policy": BUCKET_POLICY,
}
OF_A_SLOT = {"image": ArtifactImage, "bundle": ArtifactBundle, "model": MODEL, "package": ModelPackage}
ZONES = range(1, len(SUBNET_RANGES) + 1)

ROLES: Mapping[str, PatchKind] = {
    "key": KEY,
    "key-alias": KEY_ALIAS,
    **{f"{role}{part}": kind for role in ("bucket", "accesslogs") for part, kind in OF_A_BUCKET.items()},
    "bucket-logging": BUCKET_LOGGING,
    "registry": REPOSITORY,
    "registry-lifecycle": REPOSITORY_LIFECYCLE,
    "vpc": VPC,
    "vpc-default": VPC_DEFAULT_GROUP,
    "routes": ROUTE_TABLE,
    **{f"subnet-{number}": SUBNET for number in ZONES},
    **{f"routes-{number}": ROUTE_TABLE_ASSOCIATION for number in ZONES},
    "access": NETWORK_ACL,
    **{f"access-{rule}": NETWORK_ACL_RULE for rule in PASSES},
    "flows-logs": LOG_GROUP,
    "flows-role": ROLE,
    "flows-role-policy": ROLE_POLICY,
    "flows": FLOW_LOG,
    "servers": SECURITY_GROUP,
    "private": SECURITY_GROUP,
    "to-private": EGRESS,
    "from-servers-to-private": INGRESS,
    "to-storage": EGRESS,
    "private-s3": VPC_ENDPOINT,
    **{f"private-{service.replace('.', '')}": VPC_ENDPOINT for service in SERVICES},
    "logs": LOG_GROUP,
    "role": ROLE,
    "role-policy": ROLE_POLICY,
    "invoker": POLICY,
    **{f"{role}-{slot}": kind for slot in SLOTS for role, kind in OF_A_SLOT.items()},
    "topic": TOPIC,
    "topic-policy": TOPIC_POLICY,
    **dict.fromkeys(topic_roles(), SUBSCRIPTION),
    **dict(alarm_roles()),
    "dashboard": DASHBOARD,
    "configuration": CONFIGURATION,
    "variants": Variants,
    "endpoint": ENDPOINT,
    "smoke-test": SmokeTest,
    "weights": Weights,
    **{f"capacity{suffix(role)}": CAPACITY for role in ("stable", "candidate")},
    **{f"scaling{suffix(role)}": SCALING for role in ("stable", "candidate")},
    "waking": SCALING,
    "waking-alarm": METRIC_ALARM,
    **{
        f"schedule-{number}{suffix(role)}": SCHEDULED_ACTION
        for number in range(1, MOST_WINDOWS + 1)
        for role in ("stable", "candidate")
    },
    "budget": BUDGET,
}
