"""Who hears of alarms: a topic of the service's own, and the topics that the config names."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from modelport.monitoring import receivers
from modelport.targets.receivers import MOST_PEOPLE, PEOPLE

from ..account import Account
from ..documents import allow, document
from ..resources import SUBSCRIPTION, TOPIC, TOPIC_POLICY, Resources

PROTOCOLS = {"email": "email", "webhook": "https"}
"""What SNS calls the ways to those who are no topics."""


def topic_roles() -> list[str]:
    """The roles of subscriptions."""
    return [f"subscription-{number}" for number in range(1, MOST_PEOPLE + 1)]


def hearing(own: Resources, account: Account, key: pulumi.Input[str]) -> Sequence[pulumi.Input[str]]:
    """The ARNs of the topics that alarms tell; the service gets its own unless the stack has one and nobody else hears.

    Args:
        key: that encrypts what waits to be delivered.
    """
    plan = own.plan
    if not plan.spec.monitoring.alerts.enabled:
        return []
    named = receivers(plan.spec)
    people = [each for each in named if each.kind in PEOPLE]
    of_stack = plan.environment.existing.topic
    given = [*([] if of_stack is None else [of_stack]), *(each.address for each in named if each.kind == "topic")]
    if given and not people:
        return given
    topic = own.make(TOPIC, "topic", {"name": plan.names.of("alerts"), "kmsMasterKeyId": key})
    own.make(TOPIC_POLICY, "topic-policy", {"arn": topic.arn, "policy": _policy(own, account, topic.arn)})
    for role, receiver in zip(topic_roles(), people, strict=False):  # more are refused
        inputs = {"topic": topic.arn, "protocol": PROTOCOLS[receiver.kind]}
        # whoever knows a webhook's address may write to it
        own.make(SUBSCRIPTION, role, {**inputs, "endpoint": pulumi.Output.secret(receiver.address)})
    return [topic.arn, *given]


def _policy(own: Resources, account: Account, topic: pulumi.Input[str]) -> pulumi.Output[str]:
    """CloudWatch alone publishes, and for alarms of this account and region alone; those of IAM may, too.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/US_SetupSNS.html
    """
    alarms = account.arn("cloudwatch", "alarm:*")
    of_ours = {"ArnLike": {"aws:SourceArn": alarms}, "StringEquals": {"aws:SourceAccount": account.id}}
    return document(
        allow("Alarms", "sns:Publish", topic, Principal={"Service": "cloudwatch.amazonaws.com"}, Condition=of_ours)
    )
