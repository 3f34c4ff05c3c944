"""COST on AWS: which instances run, and what costs something for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from modelport_policies.aws import (
    ADDRESS_ASSOCIATION,
    BUCKET_LIFECYCLE,
    LISTENER,
    NAT_GATEWAY,
    VOLUME_ATTACHMENT,
)
from modelport_policies.control import NotApplicable
from modelport_policies.relations import belonging, in_use, tag
from modelport_policies.resource import Resource, at, is_filled, is_set, items, number, text
from modelport_policies.sagemaker import is_serverless, variants


def instances_are_allowed(configuration: Resource) -> Iterable[str]:
    """`instanceType` of every variant, shadow ones too, is one of parameter `machineTypes`."""
    allowed = configuration.parameters["machineTypes"]
    if not allowed:
        raise NotApplicable("parameter machineTypes names none: all are allowed")
    for name, variant in variants(configuration, "productionVariants", "shadowProductionVariants"):
        if not is_serverless(variant) and (kind := text(at(variant, "instanceType"))) not in allowed:
            yield f"{name} runs on {kind or 'whatever there is'}, not on {' or '.join(allowed)}"


def tests_may_rest(configuration: Resource) -> Iterable[str]:
    """Where a tag `environment` is dev or test, every variant is serverless or has a
    `managedInstanceScaling.minInstanceCount` of 0, unless the endpoint is asynchronous: its target says how few.
    """
    if (environment := tag(configuration, "environment")) not in ("dev", "test"):
        raise NotApplicable(f"{environment or 'without an environment, it'} is for production")
    if configuration.at("asyncInferenceConfig") is not None:
        raise NotApplicable("it is asynchronous: its scalable target says how few instances there are")
    for name, variant in variants(configuration):
        fewest = number(at(variant, "managedInstanceScaling", "minInstanceCount"), 1)
        if not is_serverless(variant) and fewest > 0:
            yield f"instances of {name} run while nobody asks"


def bucket_has_lifecycle(bucket: Resource) -> Iterable[str]:
    """A `BucketLifecycleConfiguration` of the stack is for the bucket, or it has `lifecycleRules` itself."""
    if not any(belonging(bucket, BUCKET_LIFECYCLE, "bucket")) and not is_filled(bucket, "lifecycleRules"):
        yield "what comes to the bucket stays for ever"


def lifecycle_clears(lifecycle: Resource) -> Iterable[str]:
    """Of the `rules` that are on, one expires objects, or versions that are not current, and one takes away parts of
    uploads that failed.
    """
    rules = [each for each in items(lifecycle.at("rules")) if at(each, "status") == "Enabled"]
    if not has_one(rules, "expiration", "noncurrentVersionExpiration"):
        yield "no rule lets anything expire"
    if not has_one(rules, "abortIncompleteMultipartUpload"):
        yield "no rule takes away parts of uploads that failed"


def has_one(rules: Sequence[Any], *keys: str) -> bool:
    """Whether a rule has one of these."""
    return any(is_set(rule, key) for rule in rules for key in keys)


def address_is_used(address: Resource) -> Iterable[str]:
    """`instance` or `networkInterface` is set, or an `EipAssociation`, `NatGateway` or another resource of the stack,
    as a balancer, has the address.
    """
    if any(is_set(address.inputs, key) for key in ("instance", "networkInterface")) or address.urn in in_use(address):
        return
    if not any(
        each for type_ in (ADDRESS_ASSOCIATION, NAT_GATEWAY) for each in belonging(address, type_, "allocationId")
    ):
        yield "nothing of the stack has the address"


def balancer_listens(balancer: Resource) -> Iterable[str]:
    """A `Listener` of the stack is of the balancer."""
    if not any(belonging(balancer, LISTENER, "loadBalancerArn")):
        yield "the balancer listens to nothing"


def volume_is_attached(volume: Resource) -> Iterable[str]:
    """A `VolumeAttachment` of the stack has the volume."""
    if not any(belonging(volume, VOLUME_ATTACHMENT, "volumeId")):
        yield "nothing of the stack has the volume"
