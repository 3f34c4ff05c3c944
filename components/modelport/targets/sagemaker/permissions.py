"""What whoever deploys a service has to be allowed on AWS, by what is made and what is given.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelport.targets.artifact import ArtifactBundle, ArtifactImage
from modelport.targets.patches import Kind as PatchKind

from . import resources as made
from .package import ModelPackage
from .releases.variants import Variants
from .releases.weights import Weights
from .smoke_test import SmokeTest

TAGS = "AddTags DeleteTags ListTags"
TAGGED = "ListTagsForResource TagResource UntagResource"
BUCKETS = ("arn:aws:s3:::SERVICE-*",)
KEYS = ("arn:aws:kms:REGION:ACCOUNT:key/*",)
TOPICS = ("arn:aws:sns:REGION:ACCOUNT:SERVICE-*",)
ROLES = ("arn:aws:iam::ACCOUNT:role/SERVICE-*",)


@dataclass(frozen=True)
class Right:
    """Actions of one service, `kms:CreateKey DeleteKey`, on resources; words in capitals stand for what a stack has."""

    actions: str
    on: tuple[str, ...] = ("*",)

    @property
    def listed(self) -> list[str]:
        """Its actions as IAM writes them."""
        service, _, names = self.actions.partition(":")
        return [f"{service}:{name}" for name in sorted(names.split())]


def _sagemaker(what: str, actions: str) -> tuple[Right, ...]:
    return (Right(f"sagemaker:{actions} {TAGS}", (f"arn:aws:sagemaker:REGION:ACCOUNT:{what}/SERVICE-*",)),)


def _bucket(actions: str) -> tuple[Right, ...]:
    return (Right(f"s3:{actions}", BUCKETS),)


def _ec2(actions: str) -> tuple[Right, ...]:
    return (Right(f"ec2:{actions} CreateTags DeleteTags"),)


RIGHTS: Mapping[PatchKind, tuple[Right, ...]] = {
    ArtifactBundle: (
        Right(
            "s3:AbortMultipartUpload DeleteObject GetObject ListMultipartUploadParts PutObject",
            ("arn:aws:s3:::BUCKET/*",),
        ),
        Right("s3:ListBucket ListBucketMultipartUploads", ("arn:aws:s3:::BUCKET",)),
        Right("kms:Decrypt GenerateDataKey", ("KEY",)),
    ),
    ArtifactImage: (
        Right("ecr:GetAuthorizationToken"),
        Right(
            "ecr:BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload GetDownloadUrlForLayer"
            " InitiateLayerUpload PutImage UploadLayerPart",
            ("arn:aws:ecr:REGION:ACCOUNT:repository/REPOSITORY",),
        ),
    ),
    made.MODEL: (*_sagemaker("model", "CreateModel DeleteModel DescribeModel"), Right("iam:PassRole", ("ROLE",))),
    made.CONFIGURATION: (
        *_sagemaker("endpoint-config", "CreateEndpointConfig DeleteEndpointConfig DescribeEndpointConfig"),
        Right("kms:CreateGrant DescribeKey", ("KEY",)),
    ),
    made.ENDPOINT: (
        *_sagemaker("endpoint", "CreateEndpoint DeleteEndpoint DescribeEndpoint UpdateEndpoint"),
        Right(
            "sagemaker:CreateEndpoint UpdateEndpoint", ("arn:aws:sagemaker:REGION:ACCOUNT:endpoint-config/SERVICE-*",)
        ),
    ),
    ModelPackage: (
        Right(
            "sagemaker:CreateModelPackage CreateModelPackageGroup DeleteModelPackage DeleteModelPackageGroup"
            " DescribeModelPackage DescribeModelPackageGroup ListModelPackages UpdateModelPackage AddTags",
            (
                "arn:aws:sagemaker:REGION:ACCOUNT:model-package-group/SERVICE-*",
                "arn:aws:sagemaker:REGION:ACCOUNT:model-package/SERVICE-*/*",
            ),
        ),
    ),
    SmokeTest: (
        Right("sagemaker:DescribeEndpoint InvokeEndpoint", ("arn:aws:sagemaker:REGION:ACCOUNT:endpoint/SERVICE-*",)),
        Right(
            "logs:DescribeLogStreams GetLogEvents",
            ("arn:aws:logs:REGION:ACCOUNT:log-group:/aws/sagemaker/Endpoints/SERVICE-*:*",),
        ),
    ),
    Variants: (
        Right("sagemaker:DescribeEndpoint", ("arn:aws:sagemaker:REGION:ACCOUNT:endpoint/SERVICE-*",)),
        Right("sagemaker:DescribeEndpointConfig", ("arn:aws:sagemaker:REGION:ACCOUNT:endpoint-config/SERVICE-*",)),
        Right("application-autoscaling:DeregisterScalableTarget DescribeScalableTargets"),
    ),
    Weights: (
        Right(
            "sagemaker:DescribeEndpoint UpdateEndpointWeightsAndCapacities",
            ("arn:aws:sagemaker:REGION:ACCOUNT:endpoint/SERVICE-*",),
        ),
    ),
    made.LOG_GROUP: (
        Right(
            "logs:AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DisassociateKmsKey"
            f" PutRetentionPolicy {TAGGED}",
            (
                "arn:aws:logs:REGION:ACCOUNT:log-group:/aws/sagemaker/Endpoints/SERVICE-*",
                "arn:aws:logs:REGION:ACCOUNT:log-group:/modelport/SERVICE-*",
            ),
        ),
        Right("logs:DescribeLogGroups"),
    ),
    made.CAPACITY: (
        Right(
            f"application-autoscaling:DeregisterScalableTarget DescribeScalableTargets RegisterScalableTarget {TAGGED}",
        ),
    ),
    made.SCALING: (
        Right("application-autoscaling:DeleteScalingPolicy DescribeScalingPolicies PutScalingPolicy"),
        Right(
            "cloudwatch:DeleteAlarms DescribeAlarms PutMetricAlarm",
            ("arn:aws:cloudwatch:REGION:ACCOUNT:alarm:TargetTracking-endpoint/SERVICE-*",),
        ),
    ),
    made.SCHEDULED_ACTION: (
        Right("application-autoscaling:DeleteScheduledAction DescribeScheduledActions PutScheduledAction"),
    ),
    made.METRIC_ALARM: (
        Right(
            f"cloudwatch:DeleteAlarms DescribeAlarms PutMetricAlarm {TAGGED}",
            ("arn:aws:cloudwatch:REGION:ACCOUNT:alarm:SERVICE-*",),
        ),
    ),
    made.COMPOSITE_ALARM: (
        Right("cloudwatch:DescribeAlarms PutCompositeAlarm"),  # AWS takes this right for all resources alone
        Right(f"cloudwatch:DeleteAlarms {TAGGED}", ("arn:aws:cloudwatch:REGION:ACCOUNT:alarm:SERVICE-*",)),
    ),
    made.DASHBOARD: (
        Right(
            "cloudwatch:DeleteDashboards GetDashboard PutDashboard",
            ("arn:aws:cloudwatch::ACCOUNT:dashboard/SERVICE-*",),
        ),
    ),
    made.TOPIC: (
        Right(
            f"sns:CreateTopic DeleteTopic GetTopicAttributes SetTopicAttributes {TAGGED}",
            TOPICS,
        ),
    ),
    made.TOPIC_POLICY: (Right("sns:GetTopicAttributes SetTopicAttributes", TOPICS),),
    made.SUBSCRIPTION: (
        Right("sns:Subscribe", TOPICS),
        Right("sns:GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe"),  # AWS knows no single ones
    ),
    made.BUDGET: (Right(f"budgets:ModifyBudget ViewBudget {TAGGED}", ("arn:aws:budgets::ACCOUNT:budget/SERVICE-*",)),),
    made.KEY: (
        Right("kms:CreateKey"),
        Right(
            "kms:DescribeKey DisableKeyRotation EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListResourceTags"
            " PutKeyPolicy ScheduleKeyDeletion TagResource UntagResource UpdateKeyDescription",
            KEYS,
        ),
    ),
    made.KEY_ALIAS: (
        Right("kms:CreateAlias DeleteAlias UpdateAlias", ("arn:aws:kms:REGION:ACCOUNT:alias/SERVICE-*", *KEYS)),
        Right("kms:ListAliases"),
    ),
    made.BUCKET: _bucket(
        "CreateBucket DeleteBucket GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLocation"
        " GetBucketObjectLockConfiguration GetBucketRequestPayment GetBucketTagging GetBucketWebsite"
        " GetReplicationConfiguration ListBucket PutBucketTagging"
    ),
    made.BUCKET_VERSIONING: _bucket("GetBucketVersioning PutBucketVersioning"),
    made.BUCKET_ENCRYPTION: _bucket("GetEncryptionConfiguration PutEncryptionConfiguration"),
    made.BUCKET_PUBLIC_ACCESS: _bucket("GetBucketPublicAccessBlock PutBucketPublicAccessBlock"),
    made.BUCKET_OWNERSHIP: _bucket("GetBucketOwnershipControls PutBucketOwnershipControls"),
    made.BUCKET_POLICY: _bucket("DeleteBucketPolicy GetBucketPolicy PutBucketPolicy"),
    made.BUCKET_LIFECYCLE: _bucket("GetLifecycleConfiguration PutLifecycleConfiguration"),
    made.BUCKET_LOGGING: _bucket("GetBucketLogging PutBucketLogging"),
    made.REPOSITORY: (
        Right(
            "ecr:CreateRepository DeleteRepository DescribeRepositories PutImageScanningConfiguration"
            f" PutImageTagMutability {TAGGED}",
            ("arn:aws:ecr:REGION:ACCOUNT:repository/SERVICE-*",),
        ),
        Right("kms:CreateGrant DescribeKey RetireGrant", ("KEY",)),
    ),
    made.REPOSITORY_LIFECYCLE: (
        Right(
            "ecr:DeleteLifecyclePolicy GetLifecyclePolicy PutLifecyclePolicy",
            ("arn:aws:ecr:REGION:ACCOUNT:repository/SERVICE-*",),
        ),
    ),
    made.ROLE: (
        Right(
            "iam:CreateRole DeleteRole DeleteRolePermissionsBoundary GetRole ListAttachedRolePolicies"
            " ListInstanceProfilesForRole ListRolePolicies PassRole PutRolePermissionsBoundary TagRole UntagRole"
            " UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription",
            ROLES,
        ),
    ),
    made.ROLE_POLICY: (Right("iam:DeleteRolePolicy GetRolePolicy PutRolePolicy", ROLES),),
    made.POLICY: (
        Right(
            "iam:CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion"
            " ListPolicyVersions TagPolicy UntagPolicy",
            ("arn:aws:iam::ACCOUNT:policy/SERVICE-*",),
        ),
    ),
    made.VPC: _ec2(
        "CreateVpc DeleteVpc DescribeAvailabilityZones DescribeVpcAttribute DescribeVpcs ModifyVpcAttribute"
    ),
    made.VPC_DEFAULT_GROUP: _ec2("DescribeSecurityGroups RevokeSecurityGroupEgress RevokeSecurityGroupIngress"),
    made.ROUTE_TABLE: _ec2("CreateRouteTable DeleteRouteTable DescribeRouteTables"),
    made.ROUTE_TABLE_ASSOCIATION: _ec2("AssociateRouteTable DisassociateRouteTable ReplaceRouteTableAssociation"),
    made.SUBNET: _ec2("CreateSubnet DeleteSubnet DescribeNetworkInterfaces DescribeSubnets ModifySubnetAttribute"),
    made.NETWORK_ACL: _ec2(
        "CreateNetworkAcl DeleteNetworkAcl DeleteNetworkAclEntry DescribeNetworkAcls ReplaceNetworkAclAssociation"
    ),
    made.NETWORK_ACL_RULE: _ec2("CreateNetworkAclEntry DeleteNetworkAclEntry"),
    made.SECURITY_GROUP: _ec2(
        "CreateSecurityGroup DeleteSecurityGroup DescribeSecurityGroups RevokeSecurityGroupEgress"
    ),
    made.INGRESS: _ec2(
        "AuthorizeSecurityGroupIngress DescribeSecurityGroupRules ModifySecurityGroupRules RevokeSecurityGroupIngress"
    ),
    made.EGRESS: _ec2(
        "AuthorizeSecurityGroupEgress DescribeSecurityGroupRules ModifySecurityGroupRules RevokeSecurityGroupEgress"
    ),
    made.VPC_ENDPOINT: (
        *_ec2("CreateVpcEndpoint DeleteVpcEndpoints DescribePrefixLists DescribeVpcEndpoints ModifyVpcEndpoint"),
        Right("route53:AssociateVPCWithHostedZone"),  # for its private names
    ),
    made.FLOW_LOG: _ec2("CreateFlowLogs DeleteFlowLogs DescribeFlowLogs"),
}
"""To make, look at, change and delete a resource of each kind."""

PURGE = (
    Right("s3:DeleteBucket ListBucketMultipartUploads ListBucketVersions", BUCKETS),
    Right("s3:AbortMultipartUpload DeleteObject DeleteObjectVersion", ("arn:aws:s3:::SERVICE-*/*",)),
    Right("kms:DescribeKey ScheduleKeyDeletion", KEYS),
    Right("ecr:DeleteRepository", ("arn:aws:ecr:REGION:ACCOUNT:repository/SERVICE-*",)),
    Right(
        "sagemaker:DeleteModelPackage DeleteModelPackageGroup ListModelPackages",
        (
            "arn:aws:sagemaker:REGION:ACCOUNT:model-package-group/SERVICE-*",
            "arn:aws:sagemaker:REGION:ACCOUNT:model-package/SERVICE-*/*",
        ),
    ),
)
"""To delete what a destroyed stack has left behind, with its data."""
ALWAYS = (
    *(ArtifactBundle, ArtifactImage, made.MODEL, made.CONFIGURATION, made.ENDPOINT, made.LOG_GROUP),
    *(ModelPackage, SmokeTest, Variants, Weights),
    *(made.CAPACITY, made.SCALING, made.SCHEDULED_ACTION, made.METRIC_ALARM, made.COMPOSITE_ALARM),
    *(made.DASHBOARD, made.BUDGET),
)
SPARED: Mapping[str, tuple[PatchKind, ...]] = {
    "key": (made.KEY, made.KEY_ALIAS),
    "bucket": (
        *(made.BUCKET, made.BUCKET_VERSIONING, made.BUCKET_ENCRYPTION, made.BUCKET_PUBLIC_ACCESS),
        *(made.BUCKET_OWNERSHIP, made.BUCKET_POLICY, made.BUCKET_LIFECYCLE, made.BUCKET_LOGGING),
    ),
    "registry": (made.REPOSITORY, made.REPOSITORY_LIFECYCLE),
    "topic": (made.TOPIC, made.TOPIC_POLICY, made.SUBSCRIPTION),
    "role": (made.ROLE, made.ROLE_POLICY, made.POLICY),
    "subnets": (
        *(made.VPC, made.VPC_DEFAULT_GROUP, made.ROUTE_TABLE, made.ROUTE_TABLE_ASSOCIATION, made.SUBNET),
        *(made.NETWORK_ACL, made.NETWORK_ACL_RULE, made.SECURITY_GROUP, made.INGRESS, made.EGRESS),
        *(made.VPC_ENDPOINT, made.FLOW_LOG, made.LOG_GROUP, made.ROLE, made.ROLE_POLICY),
    ),
}
"""What is not made where `modelport:existing` has a field."""


def policies() -> dict[str, dict[str, Any]]:
    """A policy for what is always made, by the name "", and one for each of `SPARED`, by the field that spares it."""
    made = {field: _rights(kinds) for field, kinds in (("", ALWAYS), *SPARED.items())}
    return {field: _policy(rights) for field, rights in made.items()}


def purge_policy() -> dict[str, Any]:
    """The policy for `destroy --purge-data`."""
    return _policy(PURGE)


def _rights(kinds: tuple[PatchKind, ...]) -> Iterator[Right]:
    return (right for kind in kinds for right in RIGHTS[kind])


def _policy(rights: Iterable[Right]) -> dict[str, Any]:
    """One statement for each set of resources."""
    actions: dict[tuple[str, ...], set[str]] = {}
    for right in rights:
        actions.setdefault(right.on, set()).update(right.listed)
    return {"Version": "2012-10-17", "Statement": list(_statements(actions))}


def _statements(actions: Mapping[tuple[str, ...], set[str]]) -> Iterator[dict[str, Any]]:
    for on, allowed in actions.items():
        yield {"Effect": "Allow", "Action": sorted(allowed), "Resource": list(on)}
