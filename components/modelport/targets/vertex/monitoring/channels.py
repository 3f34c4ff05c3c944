"""Who hears of alerts: channels of the service's own, and those that the config names."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from modelport.monitoring import Receiver, receivers
from modelport.targets.receivers import MOST_PEOPLE, PEOPLE

from ..resources import CHANNEL, Resources

WAYS = {"email": ("email", "email_address"), "webhook": ("webhook_tokenauth", "url")}
"""What Cloud Monitoring calls a way, and its address:
https://cloud.google.com/monitoring/support/notification-options"""


def channel_roles() -> list[str]:
    """The roles of channels."""
    return [f"channel-{number}" for number in range(1, MOST_PEOPLE + 1)]


def hearing(own: Resources) -> Sequence[pulumi.Input[str]]:
    """The names of the channels that alerts tell."""
    named, of_stack = receivers(own.plan.spec), own.plan.environment.existing.topic
    people = [each for each in named if each.kind in PEOPLE]
    made = [_channel(own, role, each) for role, each in zip(channel_roles(), people, strict=False)]  # more are refused
    return [*made, *([] if of_stack is None else [of_stack]), *(each.address for each in named if each.kind == "topic")]


def _channel(own: Resources, role: str, receiver: Receiver) -> pulumi.Output[str]:
    kind, label = WAYS[receiver.kind]
    # whoever knows a webhook's address may write to it
    address = pulumi.Output.secret(receiver.address) if receiver.kind == "webhook" else receiver.address
    inputs = {"type": kind, "displayName": f"{own.plan.names.of()} {role}", "labels": {label: address}}
    name: pulumi.Output[str] = own.make(CHANNEL, role, inputs).name
    return name
