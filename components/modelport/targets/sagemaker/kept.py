"""Buckets, keys and, of production, repositories, which a destroyed stack leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from modelport.errors import ModelportError
from modelport.providers.sagemaker.aws import client
from modelport.providers.sagemaker.registry import Group
from modelport.targets.kept import Holder, Kept

GONE = ("NoSuchBucket", "NotFoundException", "RepositoryNotFoundException")
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


def delete_repository(repository: Kept) -> None:
    """Delete a repository with its images."""
    with _client("ecr", repository) as ecr:
        ecr.delete_repository(repositoryName=repository.id, force=True)


def delete_package(package: Kept) -> None:
    """Delete a version of a model, and its group with the last one."""
    Group(package.region, package.id.split("/")[1]).remove(package.id)


HOLDERS = {
    "modelport:sagemaker:ModelPackage": Holder("version", delete_package),
    "aws:ecr/repository:Repository": Holder("images", delete_repository),
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


def _client(service: str, kept: Kept) -> AbstractContextManager[Any]:
    """Of the region of what was kept; what is gone already is fine."""
    return client(service, kept.region, kept.id, GONE)
