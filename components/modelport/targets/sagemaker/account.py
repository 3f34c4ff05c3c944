"""The AWS account that a component's provider works in."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pulumi

from modelport.spec import ConfigError, Problem

OF_PROVIDER = ("profile", "accessKey", "assumeRoles", "assumeRoleWithWebIdentity", "sharedCredentialsFiles")
"""What in a stack's config makes Pulumi's provider somebody else than AWS's tools are."""


def check_identity() -> None:
    """Refuse a stack whose provider is somebody else than those resources of ours, which AWS's SDK lets in.

    They would look for the bucket, or write into the registry, of another account.

    Raises:
        ConfigError: the stack's config gives the provider credentials.
    """
    config = pulumi.Config("aws")
    given = [key for key in OF_PROVIDER if config.get_secret(key) is not None]
    if given == ["profile"] and config.get("profile") == os.environ.get("AWS_PROFILE"):
        return
    if given:
        hint = "Leave it out, and give it to the shell, where AWS's SDK finds it too: AWS_PROFILE=... modelport up"
        problem = "only Pulumi's provider would use it, and models be uploaded and registered as somebody else."
        raise ConfigError(Problem(problem, path=f"aws:{key}", hint=hint) for key in given)


@dataclass(frozen=True)
class Account:
    """An account in a region.

    Attributes:
        id: its twelve digits.
        partition: `aws`, `aws-cn`, `aws-us-gov` ...
        dns: domain of the partition's services.
        region: like `eu-central-1`.
    """

    id: pulumi.Output[str]
    partition: pulumi.Output[str]
    dns: pulumi.Output[str]
    region: pulumi.Output[str]

    @classmethod
    def of(cls, component: pulumi.ComponentResource) -> Account:
        """Where the provider that a component gives its children works."""
        import pulumi_aws as aws

        opts = pulumi.InvokeOutputOptions(parent=component)
        partition = aws.get_partition_output(opts=opts)
        return cls(
            aws.get_caller_identity_output(opts=opts).account_id,
            partition.partition,
            partition.dns_suffix,
            aws.get_region_output(opts=opts).region,
        )

    def arn(self, service: str, *resource: pulumi.Input[str]) -> pulumi.Output[str]:
        """The name of a resource of this account and region, from the parts of what comes after the account."""
        return pulumi.Output.concat("arn:", self.partition, f":{service}:", self.region, ":", self.id, ":", *resource)

    @property
    def place(self) -> pulumi.Output[str]:
        """What people call it."""
        return pulumi.Output.concat(self.id, " in ", self.region)

    @property
    def root(self) -> pulumi.Output[str]:
        """The account itself as a principal: those whom its own policies allow."""
        return pulumi.Output.concat("arn:", self.partition, ":iam::", self.id, ":root")
