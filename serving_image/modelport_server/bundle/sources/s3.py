"""Amazon S3, with boto3's own way to find credentials and the endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from modelport_server.bundle.sources.http import BLOCK, range_from
from modelport_server.bundle.sources.store import LOOK, Forbidden, Interrupted, Missing, SourceError, needed

GONE = ("NoSuchKey", "NoSuchBucket", "NoSuchUpload", "404")
PASSING = ("SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "500", "503")


class S3Store:
    """The objects below a prefix of a bucket. It needs `s3:GetObject` there and nothing else."""

    archive: str | None = None
    sha256: str | None = None

    def __init__(self, bucket: str, prefix: str):
        self._bucket, self._prefix = bucket, prefix
        self._client: Any = needed("boto3", "s3").client("s3")

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """See Store."""
        key = f"{self._prefix.rstrip('/')}/{path}".lstrip("/") if path else self._prefix
        with explained(f"s3://{self._bucket}/{key}"):
            found = self._client.get_object(Bucket=self._bucket, Key=key, **range_from(start))
            yield from found["Body"].iter_chunks(BLOCK)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Errors of S3 as those of a store; that nothing is left to read is none."""
    errors = needed("botocore.exceptions", "s3")
    try:
        yield
    except errors.ClientError as error:
        _explain(what, error.response["Error"])
    except (errors.NoCredentialsError, errors.PartialCredentialsError, errors.TokenRetrievalError) as error:
        raise SourceError(what, f"{error}.", LOOK) from error
    except errors.BotoCoreError as error:
        raise Interrupted(str(error)) from error


def _explain(what: str, error: dict[str, str]) -> None:
    code = error["Code"]
    if code in PASSING:
        raise Interrupted(f"{what} answered {code}")
    if code in GONE:
        raise Missing(what, "there is no such object.", LOOK)
    if code in ("AccessDenied", "403"):
        raise Forbidden(what, f"answered {code}: {error.get('Message', '')}.", LOOK)
    if code not in ("InvalidRange", "416"):  # nothing is left
        raise SourceError(what, f"answered {code}: {error.get('Message', '')}.", LOOK)


def open_store(source: str) -> S3Store:
    """`s3://BUCKET/PREFIX`."""
    parts = urlsplit(source)
    return S3Store(parts.netloc, parts.path.lstrip("/"))
