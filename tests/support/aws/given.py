"""What a stack on AWS may have already."""

from support.aws.kinds import ACCOUNT, REGION

GIVEN = {
    "key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
    "bucket": "s3://models-of-all/team",
    "registry": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team",
    "role": f"arn:aws:iam::{ACCOUNT}:role/serving",
    "subnets": ["subnet-1", "subnet-2"],
}
GROUPS = {"security_groups": ["sg-1"]}
"""Of those subnets."""
TOPIC = {"topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"}
