"""What a service on SageMaker consists of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import pulumi

from modelport.targets.children import Children, Maker
from modelport.targets.kinds import Kind as SdkKind

R = TypeVar("R", bound=pulumi.CustomResource)
SDK = "pulumi_aws"
EXTRA = "aws"


class Kind(SdkKind):
    """A class of Pulumi's AWS SDK."""

    SDK = SDK


BUCKET = Kind("s3:Bucket")
BUCKET_ENCRYPTION = Kind("s3:BucketServerSideEncryptionConfiguration")
BUCKET_LIFECYCLE = Kind("s3:BucketLifecycleConfiguration")
BUCKET_LOGGING = Kind("s3:BucketLogging")
BUCKET_OWNERSHIP = Kind("s3:BucketOwnershipControls")
BUCKET_POLICY = Kind("s3:BucketPolicy")
BUCKET_PUBLIC_ACCESS = Kind("s3:BucketPublicAccessBlock")
BUCKET_VERSIONING = Kind("s3:BucketVersioning")
BUDGET = Kind("budgets:Budget")
CAPACITY = Kind("appautoscaling:Target")
CONFIGURATION = Kind("sagemaker:EndpointConfiguration")
EGRESS = Kind("vpc:SecurityGroupEgressRule")
ENDPOINT = Kind("sagemaker:Endpoint")
FLOW_LOG = Kind("ec2:FlowLog")
INGRESS = Kind("vpc:SecurityGroupIngressRule")
KEY = Kind("kms:Key")
KEY_ALIAS = Kind("kms:Alias")
LOG_GROUP = Kind("cloudwatch:LogGroup")
METRIC_ALARM = Kind("cloudwatch:MetricAlarm")
MODEL = Kind("sagemaker:Model")
NETWORK_ACL = Kind("ec2:NetworkAcl")
NETWORK_ACL_RULE = Kind("ec2:NetworkAclRule")
POLICY = Kind("iam:Policy")
REPOSITORY = Kind("ecr:Repository")
REPOSITORY_LIFECYCLE = Kind("ecr:LifecyclePolicy")
ROLE = Kind("iam:Role")
ROLE_POLICY = Kind("iam:RolePolicy")
ROUTE_TABLE = Kind("ec2:RouteTable")
ROUTE_TABLE_ASSOCIATION = Kind("ec2:RouteTableAssociation")
SCALING = Kind("appautoscaling:Policy")
SCHEDULED_ACTION = Kind("appautoscaling:ScheduledAction")
SECURITY_GROUP = Kind("ec2:SecurityGroup")
SUBNET = Kind("ec2:Subnet")
VPC = Kind("ec2:Vpc")
VPC_DEFAULT_GROUP = Kind("ec2:DefaultSecurityGroup")
VPC_ENDPOINT = Kind("ec2:VpcEndpoint")


ROLE_PREFIX = 38
"""Most characters of a role's `namePrefix`: https://www.pulumi.com/registry/packages/aws/api-docs/iam/role/"""


class Resources(Children):
    """Makes the resources of a service: tagged where AWS takes tags."""

    def prefix(self, name: str, most: int) -> str:
        """What a name begins with that AWS makes up the end of, in at most so many characters."""
        return f"{self.plan.names.of(name, max_length=most - 1)}-"

    def make(
        self, kind: Maker[R], role: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> R:
        """A `kind` in its role, from inputs without tags."""
        if isinstance(kind, Kind) and "tags" not in kind.inputs:
            return self.register(kind, role, inputs, opts)
        return super().make(kind, role, inputs, opts)

    def keep(
        self, kind: Maker[R], role: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> R:
        """What `make` makes, and a destroyed stack leaves where it is: it holds data, or guards what does."""
        kept = pulumi.ResourceOptions(retain_on_delete=True)
        return self.make(kind, role, inputs, pulumi.ResourceOptions.merge(kept, opts))
