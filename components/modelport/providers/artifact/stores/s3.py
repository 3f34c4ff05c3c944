"""Amazon S3: files in parts, each with its sha256; a part that is there is not sent again.

It needs s3:PutObject, s3:GetObject, s3:ListBucket, s3:ListBucketMultipartUploads, s3:ListMultipartUploadParts and
s3:AbortMultipartUpload, and for `prune` s3:DeleteObject.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modelport.bundle.transfer import Missing, ModelFile, explained, needed, patiently
from modelport.providers.artifact.progress import Progress
from modelport.providers.artifact.slices import Slice, Sliced
from modelport.providers.artifact.unfinished import unfinished
from modelport.providers.crud import Say

from .shelf import SHA256, Folder


class S3Prefix(Folder):
    """A bundle below a prefix of a bucket.

    Without a region it is the one that boto3 finds, whose S3 knows the buckets of its own partition alone.
    """

    def __init__(self, address: str, region: str | None = None):
        super().__init__(address)
        parts = urlsplit(address)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self._client: Any = needed("boto3", "s3").client("s3", region_name=region)

    def holds(self, path: str, sha256: str) -> bool:
        """See Shelf."""
        try:
            found = self._ask("head_object", path)
        except Missing:
            return False
        return bool(found["Metadata"].get(SHA256) == sha256)

    def put(self, file: ModelFile, origin: Path, progress: Progress, say: Say) -> None:
        """See Shelf."""
        sliced = Sliced.of(origin, file)
        with unfinished(f"{self.address}/{file.path}", say):
            if len(sliced.slices) == 1:
                (only,) = sliced.slices
                described = {"Metadata": {SHA256: file.sha256}, "ChecksumSHA256": only.sha256}
                self._ask("put_object", file.path, Body=only.read(origin), **described)
                progress.advance(file.size)
            else:
                self._put_parts(file, origin, sliced, progress)

    def delete(self, path: str) -> None:
        """See Folder."""
        self._ask("delete_object", path)

    def _put_parts(self, file: ModelFile, origin: Path, sliced: Sliced, progress: Progress) -> None:
        upload, stored = self._resumable(file.path, sliced)
        if upload is None:
            described = {"Metadata": {SHA256: file.sha256}, "ChecksumAlgorithm": "SHA256"}
            upload = self._ask("create_multipart_upload", file.path, **described)["UploadId"]
        for part in sliced.slices:
            if part.number not in stored:
                sent = {"Body": part.read(origin), "ChecksumSHA256": part.sha256}
                answer = self._ask("upload_part", file.path, UploadId=upload, PartNumber=part.number, **sent)
                stored[part.number] = answer["ETag"]
            progress.advance(part.size)
        parts = [
            {"PartNumber": part.number, "ETag": stored[part.number], "ChecksumSHA256": part.sha256}
            for part in sliced.slices
        ]
        self._ask("complete_multipart_upload", file.path, UploadId=upload, MultipartUpload={"Parts": parts})
        self._abort_others(file.path, upload)

    def _resumable(self, path: str, sliced: Sliced) -> tuple[str | None, dict[int, str]]:
        """The upload that was interrupted, with the parts that are there; not one of another content."""
        by_number = {part.number: part for part in sliced.slices}
        for upload in self._uploads(path):
            found = list(self._pages("list_parts", "Parts", Key=self._key(path), UploadId=upload))
            stored = {part["PartNumber"]: part["ETag"] for part in found}
            if stored and all(_is(part, by_number.get(part["PartNumber"])) for part in found):
                return upload, stored
        return None, {}

    def _abort_others(self, path: str, done: str) -> None:
        for upload in self._uploads(path):
            if upload != done:
                try:
                    self._ask("abort_multipart_upload", path, UploadId=upload)
                except Missing:
                    continue

    def _uploads(self, path: str) -> list[str]:
        key = self._key(path)
        found = self._pages("list_multipart_uploads", "Uploads", Prefix=key)
        return [upload["UploadId"] for upload in found if upload["Key"] == key]

    def _pages(self, method: str, items: str, **asked: Any) -> Iterator[Mapping[str, Any]]:
        with explained(self.address):
            for page in self._client.get_paginator(method).paginate(Bucket=self._bucket, **asked):
                yield from page.get(items, [])

    def _ask(self, method: str, path: str, **asked: Any) -> Any:
        what = f"{self.address}/{path}"

        def once() -> Any:
            with explained(what):
                return getattr(self._client, method)(Bucket=self._bucket, Key=self._key(path), **asked)

        return patiently(what, once)

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}"


def _is(stored: Mapping[str, Any], wanted: Slice | None) -> bool:
    """Whether a stored part is a slice: by its sha256, or where the store keeps none by the md5 in its tag."""
    if wanted is None or stored["Size"] != wanted.size:
        return False
    if sha256 := stored.get("ChecksumSHA256"):
        return bool(sha256 == wanted.sha256)
    return bool(stored["ETag"].strip('"') == base64.b64decode(wanted.md5).hex())


def open_shelf(target: str, name: str, region: str | None = None) -> S3Prefix:
    """`s3://BUCKET/PREFIX`."""
    return S3Prefix(f"{target}/{name}", region)
