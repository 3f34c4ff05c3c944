from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pulumi

from .account import Account
from .documents import Statement, allow, deny, document
from .resources import (
    BUCKET,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    BUCKET_LOGGING,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_PUBLIC_ACCESS,
    BUCKET_VERSIONING,
    Resources,
)

PREFIX_LENGTH = 37
"""Most characters of `bucketPrefix`: https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucket/"""
SCHEME = "s3://"
FOLDER = "models/"
UNFINISHED_DAYS = 7
OLD_VERSION_DAYS = 90
ACCESS_LOG_DAYS = 365
PASSING_DAYS = 30
TLS = "1.2"


@dataclass(frozen=True)
class Store:
    """Where models lie.

    Attributes:
        address: `s3://BUCKET/PREFIX`.
        root: below which the service has folders for what else it keeps, likewise.
        ready: what has to be there before anything is put into it.
    """

    address: pulumi.Input[str]
    root: pulumi.Input[str]
    ready: Sequence[pulumi.Resource] = ()


class Names(NamedTuple):
    """What policies call what lies below an address.

    Attributes:
        bucket, objects: names of the bucket, and of the objects.
        keys: the objects' keys, which end with `*`.
    """

    bucket: pulumi.Output[str]
    objects: pulumi.Output[str]
    keys: pulumi.Output[str]


def names_of(account: Account, address: pulumi.Input[str]) -> Names:
    """What policies call what lies below an address like `s3://BUCKET/PREFIX`."""
    path = pulumi.Output.from_input(address).apply(lambda address: f"{address.removeprefix(SCHEME)}/*")
    name = pulumi.Output.concat("arn:", account.partition, ":s3:::")
    bucket, keys = path.apply(lambda each: each.partition("/")[0]), path.apply(lambda each: each.partition("/")[2])
    return Names(pulumi.Output.concat(name, bucket), pulumi.Output.concat(name, path), keys)


def storage(own: Resources, account: Account, key: pulumi.Input[str], passing: Sequence[str] = ()) -> Store:
    """The bucket of the service's models, made unless it is given.

    Args:
        passing: folders of what is asked and answered, which goes in time.
    """
    existing = own.plan.environment.existing.bucket
    if existing is not None:
        return Store(existing, pulumi.Output.concat(existing, f"/{own.plan.name}"))
    logs = _access_logs(own, account)
    bucket = _bucket(own, "bucket", "models", {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key})
    own.keep(BUCKET_POLICY, "bucket-policy", {**_of(bucket), "policy": _policy(bucket.arn, key)})
    rules = [_rule("old-versions"), *(_expiring(each, f"{each}/", PASSING_DAYS) for each in passing)]
    own.keep(BUCKET_LIFECYCLE, "bucket-lifecycle", {**_of(bucket), "rules": rules})
    target = {"targetBucket": logs.bucket, "targetPrefix": FOLDER}
    let_in = pulumi.ResourceOptions(depends_on=[own.resources["accesslogs-policy"]])
    own.keep(BUCKET_LOGGING, "bucket-logging", {**_of(bucket), **target}, let_in)
    ready = [each for role, each in own.resources.items() if role.startswith("bucket-")]
    root = pulumi.Output.concat(SCHEME, bucket.bucket)
    return Store(pulumi.Output.concat(root, "/", FOLDER.rstrip("/")), root, ready)


def _access_logs(own: Resources, account: Account) -> Any:
    """The bucket that S3 tells who asked for what; S3 cannot encrypt these records with a key of ours.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """
    bucket = _bucket(own, "accesslogs", "accesslogs", {"sseAlgorithm": "AES256"})
    rules = [_rule("expire", expiration={"days": ACCESS_LOG_DAYS})]
    own.keep(BUCKET_LIFECYCLE, "accesslogs-lifecycle", {**_of(bucket), "rules": rules})
    delivery = allow(
        "Delivery",
        "s3:PutObject",
        pulumi.Output.concat(bucket.arn, f"/{FOLDER}*"),
        Principal={"Service": "logging.s3.amazonaws.com"},
        Condition={"StringEquals": {"aws:SourceAccount": account.id}},
    )
    policy = document(delivery, *_safe_transport(bucket.arn))
    own.keep(BUCKET_POLICY, "accesslogs-policy", {**_of(bucket), "policy": policy})
    return bucket


def _bucket(own: Resources, role: str, name: str, encryption: dict[str, Any]) -> Any:
    """A bucket that nobody outside of the account can be let into, encrypted and versioned."""
    bucket = own.keep(BUCKET, role, {"bucketPrefix": own.prefix(name, PREFIX_LENGTH)})
    blocked = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
    rule = {"applyServerSideEncryptionByDefault": encryption, "bucketKeyEnabled": "kmsMasterKeyId" in encryption}
    own.keep(BUCKET_PUBLIC_ACCESS, f"{role}-publicaccess", {**_of(bucket), **blocked})
    own.keep(BUCKET_OWNERSHIP, f"{role}-ownership", {**_of(bucket), "rule": {"objectOwnership": "BucketOwnerEnforced"}})
    own.keep(BUCKET_ENCRYPTION, f"{role}-encryption", {**_of(bucket), "rules": [rule]})
    kept = {"versioningConfiguration": {"status": "Enabled"}}
    own.keep(BUCKET_VERSIONING, f"{role}-versioning", {**_of(bucket), **kept})
    return bucket


def _of(bucket: Any) -> dict[str, Any]:
    return {"bucket": bucket.bucket}


def _expiring(name: str, prefix: str, days: int) -> dict[str, Any]:
    return {"id": name, "status": "Enabled", "filter": {"prefix": prefix}, "expiration": {"days": days}}


def _rule(name: str, **more: Any) -> dict[str, Any]:
    """Of a lifecycle: what was written over goes in time, and uploads that nobody ends soon."""
    unfinished = {"abortIncompleteMultipartUpload": {"daysAfterInitiation": UNFINISHED_DAYS}}
    versions = {"noncurrentVersionExpiration": {"noncurrentDays": OLD_VERSION_DAYS}}
    return {"id": name, "status": "Enabled", "filter": {"prefix": ""}, **unfinished, **versions, **more}


def _policy(arn: pulumi.Output[str], key: pulumi.Input[str]) -> pulumi.Output[str]:
    """Nobody comes without TLS, and nothing is stored under another key."""
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    other_key = deny(
        "OtherKeys",
        "s3:PutObject",
        pulumi.Output.concat(arn, "/*"),
        Principal="*",
        Condition={"StringNotEqualsIfExists": {header: key}, "Null": {header: "false"}},
    )
    return document(*_safe_transport(arn), other_key)


def _safe_transport(arn: pulumi.Output[str]) -> tuple[Statement, Statement]:
    everything = [arn, pulumi.Output.concat(arn, "/*")]
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    old = {"NumericLessThan": {"s3:TlsVersion": TLS}}
    return (
        deny("PlainText", "s3:*", everything, Principal="*", Condition=plain),
        deny("OldTls", "s3:*", everything, Principal="*", Condition=old),
    )
