"""RSD on AWS: in which regions stacks, copies, keys, captures and logs are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from modelport_policies.aws import (
    BUCKET_ENCRYPTION,
    BUCKET_OBJECT,
    ENDPOINT_CONFIGURATION,
    KEY,
    LOG_GROUP,
    QUEUE,
    REPOSITORY,
    SECRET,
    TOPIC,
)
from modelport_policies.buckets import place, written_to
from modelport_policies.control import NotApplicable
from modelport_policies.resource import Resource, at, items, several, text, type_of

KEYS = {
    BUCKET_ENCRYPTION: (("rules", "applyServerSideEncryptionByDefault", "kmsMasterKeyId"),),
    BUCKET_OBJECT: (("kmsKeyId",),),
    ENDPOINT_CONFIGURATION: (
        *(("kmsKeyArn",), ("dataCaptureConfig", "kmsKeyId")),
        ("asyncInferenceConfig", "outputConfig", "kmsKeyId"),
    ),
    LOG_GROUP: (("kmsKeyId",),),
    QUEUE: (("kmsMasterKeyId",),),
    REPOSITORY: (("encryptionConfigurations", "kmsKey"),),
    SECRET: (("kmsKeyId",),),
    TOPIC: (("kmsMasterKeyId",),),
}
"""Where each type names its keys; the first step may lead to a list."""
KEY_ARN = re.compile(r"arn:[\w-]+:kms:([\w-]+):(\d{12}):.*")


def regions(resource: Resource) -> Collection[str]:
    """The allowed regions.

    Raises:
        NotApplicable: all are.
    """
    allowed: Collection[str] = resource.parameters["regions"]
    if not allowed:
        raise NotApplicable("parameter regions names none: all are allowed")
    return allowed


def elsewhere(what: str, region: Any, allowed: Collection[str]) -> Iterable[str]:
    """What is wrong with a region."""
    if text(region) not in allowed:
        yield f"{what} in {text(region)}, not in {' or '.join(allowed)}"


def provider_is_here(provider: Resource) -> Iterable[str]:
    """`region` is one of parameter `regions`."""
    allowed = regions(provider)
    if (region := provider.at("region")) is None:
        yield "its region is whatever its environment says"
    else:
        yield from elsewhere("what it makes is", region, allowed)


def resource_is_here(resource: Resource) -> Iterable[str]:
    """`region` is one of parameter `regions`, where it is other than the provider's."""
    allowed = regions(resource)
    if (region := resource.at("region")) is None:
        raise NotApplicable("it is where its provider is")
    yield from elsewhere("it is", region, allowed)


def objects_stay_here(replication: Resource) -> Iterable[str]:
    """The `region` of each bucket of the stack that `rules` copy to is one of parameter `regions`."""
    allowed = regions(replication)
    targets = [text(at(rule, "destination", "bucket")) for rule in items(replication.at("rules"))]
    names = {each.rpartition(":")[2] for each in targets}
    yield from buckets_are_here(list(written_to(replication, "rules", names)), "copies are", allowed)


def buckets_are_here(found: list[Resource], what: str, allowed: Collection[str]) -> Iterable[str]:
    """What is wrong with where buckets are.

    Raises:
        NotApplicable: nothing in the stack says it.
    """
    given = [region for each in found if (region := each.at("region")) is not None]
    if not given:
        raise NotApplicable("nothing in the stack says where the bucket is, besides its provider")
    yield from (fault for region in given for fault in elsewhere(what, region, allowed))


def images_stay_here(replication: Resource) -> Iterable[str]:
    """`region` of each of the `destinations` is one of parameter `regions`."""
    allowed = regions(replication)
    for rule in items(replication.at("replicationConfiguration", "rules")):
        for each in items(at(rule, "destinations")):
            yield from elsewhere("copies are", at(each, "region"), allowed)


def secrets_stay_here(secret: Resource) -> Iterable[str]:
    """`region` of each of the `replicas` is one of parameter `regions`."""
    allowed = regions(secret)
    if not (replicas := items(secret.at("replicas"))):
        raise NotApplicable("it has no copies")
    for each in replicas:
        yield from elsewhere("a copy is", at(each, "region"), allowed)


def keys_are_from_here(resource: Resource) -> Iterable[str]:
    """The ARN of each key that is named, unless it is a key of the stack, is of one of parameter `regions`, and of one
    of parameter `accounts`.
    """
    allowed, accounts = resource.parameters["regions"], resource.parameters["accounts"]
    if not allowed and not accounts:
        raise NotApplicable("parameters regions and accounts name none: keys of all are allowed")
    for arn in keys(resource):
        if not (found := KEY_ARN.fullmatch(arn)):
            continue
        region, account = found.groups()
        if allowed and region not in allowed:
            yield f"a key is of {region}, not of {' or '.join(allowed)}"
        if accounts and account not in accounts:
            yield f"a key is of the account {account}"


def keys(resource: Resource) -> Iterator[str]:
    """The keys that a resource names, but for those of the stack."""
    own = {each.urn for each in resource.stack.by(type_of).get(KEY, ())}
    for first, *rest in KEYS[resource.type]:
        if own.isdisjoint(resource.dependencies.get(first, ())):
            found = (at(each, *rest) for each in several(resource.at(first)))
            yield from (text(each) for each in found if each is not None)


def captures_stay_here(configuration: Resource) -> Iterable[str]:
    """The `region` of each bucket of the stack that captures and asynchronous answers go to is one of parameter
    `regions`.
    """
    allowed = regions(configuration)
    ways = (("dataCaptureConfig", "destinationS3Uri"), ("asyncInferenceConfig", "outputConfig", "s3OutputPath"))
    names = {way: {place(configuration.at(*way))[0]} - {""} for way in ways}
    found = {each.urn: each for way in ways for each in written_to(configuration, way[0], names[way])}
    yield from buckets_are_here(list(found.values()), "inferences are kept", allowed)


def flow_logs_stay_here(log: Resource) -> Iterable[str]:
    """`logDestination` is of one of parameter `regions`, unless it is a bucket."""
    yield from receiver_is_here(log, "logDestination")


def logs_stay_here(subscription: Resource) -> Iterable[str]:
    """`destinationArn` is of one of parameter `regions`."""
    yield from receiver_is_here(subscription, "destinationArn")


def receiver_is_here(resource: Resource, key: str) -> Iterable[str]:
    """What is wrong with where logs go."""
    allowed = regions(resource)
    region = (text(resource.at(key)).split(":") + [""] * 4)[3]
    if not region:
        raise NotApplicable("what they go to says no region")
    yield from elsewhere("logs go to a receiver", region, allowed)


def front_is_off(front: Resource) -> Iterable[str]:
    """`enabled` is false, where parameter `regions` names any: it answers everywhere."""
    regions(front)
    if front.at("enabled") is not False:
        yield "requests come in, and may be read, in every region"


def api_is_of_a_region(api: Resource) -> Iterable[str]:
    """`endpointConfiguration.types` is `PRIVATE` or `REGIONAL`, where parameter `regions` names any."""
    regions(api)
    kinds = several(api.at("endpointConfiguration", "types"))
    if not kinds or "EDGE" in kinds:
        yield "the API is EDGE: requests come in, and may be read, in every region"
