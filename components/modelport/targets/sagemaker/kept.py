"""Buckets and keys, which a destroyed stack leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from modelport.errors import ModelportError
from modelport.targets.kept import Holder, Kept

GONE = ("NoSuchBucket", "NotFoundException")
PENDING = "PendingDeletion"
DAYS = 30
"""In which the deletion of a key can be taken back: https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"""


def delete_bucket(bucket: Kept) -> None:
    """Delete a bucket with every version of everything in it, and with uploads that nobody ended."""
    with _client("s3", bucket) as s3:
        for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket.id):
            for upload in page.get("Uploads", ()):
                s3.abort_multipart_upload(Bucket=bucket.id, Key=upload["Key"], UploadId=upload["UploadId"])
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket.id):
            _delete_objects(s3, bucket, [*page.get("Versions", ()), *page.get("DeleteMarkers", ())])
        s3.delete_bucket(Bucket=bucket.id)


def delete_key(key: Kept) -> None:
    """Have a key deleted, once the days are over in which that can be taken back."""
    with _client("kms", key) as kms:
        if kms.describe_key(KeyId=key.id)["KeyMetadata"]["KeyState"] != PENDING:
            kms.schedule_key_deletion(KeyId=key.id, PendingWindowInDays=DAYS)


HOLDERS = {
    "aws:s3/bucket:Bucket": Holder("bucket", delete_bucket),
    "aws:kms/key:Key": Holder("key", delete_key),
}


def _delete_objects(s3: Any, bucket: Kept, versions: Sequence[dict[str, Any]]) -> None:
    """Delete a page of versions: as many as one request takes."""
    if not versions:
        return
    asked = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
    answer = s3.delete_objects(Bucket=bucket.id, Delete={"Objects": asked, "Quiet": True})
    if errors := answer.get("Errors"):
        first = errors[0]
        raise ModelportError(f"{bucket.id}\n  {first['Key']} cannot be deleted: {first['Code']}. Is it locked?")


@contextmanager
def _client(service: str, kept: Kept) -> Iterator[Any]:
    """Of the region of what was kept, with the credentials that boto3 finds."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise ModelportError(
            "aws\n  needs boto3, which is not installed. Install it: pip install 'modelport[aws]'"
        ) from None
    try:
        yield boto3.client(service, region_name=kept.region)
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise ModelportError(f"{kept.id}\n  {error}. Who purges needs the rights of who deploys.") from error
    except BotoCoreError as error:
        raise ModelportError(f"{kept.id}\n  {error}. Give the credentials that AWS's tools take.") from error
