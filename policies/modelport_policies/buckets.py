"""What a stack on AWS says of a bucket besides the bucket itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from modelport_policies.aws import BUCKET, BUCKET_LOGGING
from modelport_policies.relations import belonging, known
from modelport_policies.resource import Resource, text, type_of


def is_log_target(bucket: Resource) -> bool:
    """Whether the stack sends access logs of buckets to this one."""
    return any(belonging(bucket, BUCKET_LOGGING, "targetBucket"))


def written_to(resource: Resource, key: str, names: Collection[str]) -> Iterator[Resource]:
    """The stack's buckets that a property comes from, or that have these names."""
    for bucket in resource.stack.by(type_of).get(BUCKET, ()):
        if bucket.urn in resource.dependencies.get(key, ()) or not set(names).isdisjoint(known(bucket, "bucket")):
            yield bucket


def place(uri: Any) -> tuple[str, str]:
    """The bucket of an S3 URI, and the key in it; nothing where there is none."""
    name, _, key = text(uri).removeprefix("s3://").partition("/")
    return name, key
