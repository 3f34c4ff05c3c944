"""The AWS account that a component's provider works in."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from modelport.targets.credentials import check_credentials

OF_PROVIDER = {
    **dict.fromkeys(("accessKey", "assumeRoles", "assumeRoleWithWebIdentity", "sharedCredentialsFiles"), ""),
    "profile": "AWS_PROFILE",
}
"""What in a stack's config makes Pulumi's provider somebody else than AWS's tools are."""


def check_identity() -> None:
    """Refuse a stack whose provider is somebody else than AWS's SDK."""
    hint = "Leave it out, and give it to the shell, where AWS's SDK finds it too: AWS_PROFILE=... modelport up"
    check_credentials("aws", OF_PROVIDER, hint)


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
