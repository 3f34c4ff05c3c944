"""Runs programs against mocks of AWS."""

from typing import Any

import pulumi
from support.aws.kinds import ACCOUNT, REGION
from support.referring import Referring

READ = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
    "aws:index/getPartition:getPartition": {"partition": "aws", "dnsSuffix": "amazonaws.com"},
    "aws:index/getRegion:getRegion": {"region": REGION},
    "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": [f"{REGION}{zone}" for zone in "abc"]},
}
"""What the provider tells of where it works: all that a plan may ask."""


class AwsProgram(Referring):
    """A program with AWS resources."""

    PACKAGE, READ = "aws", READ

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        given = self.inputs.get(args.provider.split("::")[-2]) if args.provider else None
        return {"region": given["region"]} if given and "getRegion" in args.token else super().call(args)
