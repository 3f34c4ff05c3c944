"""`docs/targets/sagemaker-permissions.md`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .permissions import policies, purge_policy

HEAD = """\
# Permissions on AWS

What a person or a pipeline has to be allowed that runs `up`, `preview`, `refresh` and `destroy` for a service on
[SageMaker](sagemaker.md). Attach the first policy, and those of what `modelport:existing` does not give: all of them
for an empty account, the first one alone where everything is given. The last one is for those who may delete data for
good. The words in capitals stand for what a stack has:

| | |
|---|---|
| `REGION`, `ACCOUNT` | where the stack is; in other partitions ARNs begin with `arn:aws-cn`, `arn:aws-us-gov` ... |
| `SERVICE` | the name of the service; of a long one its first 16 characters and `*`, as names get shortened |
| `KEY` | the ARN of `existing.key`, or `arn:aws:kms:REGION:ACCOUNT:key/*` |
| `ROLE` | the ARN of `existing.role`, or `arn:aws:iam::ACCOUNT:role/SERVICE-*` |
| `BUCKET` | that of `existing.bucket`, or `SERVICE-*` |
| `REPOSITORY` | the prefix in `existing.registry` and `/modelport-server`, or `SERVICE-*` |

`kms:CreateGrant` lets SageMaker and ECR use the key. The first service of an account that scales needs, once,
`iam:CreateServiceLinkedRole` for `sagemaker.application-autoscaling.amazonaws.com`. Callers of a service need its
`...-invoker` policy alone.
"""


def page() -> str:
    """The page, with a policy of IAM for each part."""
    titled = ((f"Without `existing.{field}`" if field else "Always", policy) for field, policy in policies().items())
    purging = "To delete data: `destroy --purge-data`", purge_policy()
    return "\n".join((HEAD, *(_section(title, policy) for title, policy in (*titled, purging))))


def _section(title: str, policy: Mapping[str, Any]) -> str:
    return f"## {title}\n\n```json\n{_shown(policy)}\n```\n"


def _shown(policy: Mapping[str, Any]) -> str:
    """A statement a few lines, so that it can be read."""
    statements = ",\n".join("    {" + ",\n     ".join(_members(each)) + "}" for each in policy["Statement"])
    return f'{{"Version": "{policy["Version"]}",\n  "Statement": [\n{statements}]}}'


def _members(statement: Mapping[str, Any]) -> Iterator[str]:
    return (f'"{key}": {json.dumps(value)}' for key, value in statement.items())
