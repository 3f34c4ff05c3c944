from __future__ import annotations

from collections.abc import Sequence

import pulumi

from .account import Account
from .documents import allow, document
from .resources import KEY, KEY_ALIAS, Resources

DELETION_DAYS = 30


def key(own: Resources, account: Account, log_groups: Sequence[str]) -> pulumi.Input[str]:
    """The ARN of the key that encrypts what the service stores, made unless it is given.

    Args:
        log_groups: the names of those whose records CloudWatch may encrypt with it.
    """
    existing = own.plan.environment.existing.key
    if existing is not None:
        return existing
    inputs = {
        "description": f"What the model service {own.plan.names.of()} stores.",
        "enableKeyRotation": True,
        "deletionWindowInDays": DELETION_DAYS,
        "policy": _policy(account, log_groups),
    }
    made = own.keep(KEY, "key", inputs)
    own.make(KEY_ALIAS, "key-alias", {"name": f"alias/{own.plan.names.of()}", "targetKeyId": made.id})
    return made.arn


def _policy(account: Account, log_groups: Sequence[str]) -> pulumi.Output[str]:
    """Whom the account's own policies allow may use it, and CloudWatch Logs for these log groups.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    logs = pulumi.Output.concat("logs.", account.region, ".", account.dns)
    context = {"kms:EncryptionContext:aws:logs:arn": [account.arn("logs", "log-group:", each) for each in log_groups]}
    uses = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    return document(
        allow("Account", "kms:*", "*", Principal={"AWS": account.root}),
        allow("Logs", uses, "*", Principal={"Service": logs}, Condition={"ArnEquals": context}),
    )
