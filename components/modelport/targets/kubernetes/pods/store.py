"""Where models lie that pods fetch, by their addresses."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from modelport.spec import Existing, ModelSpec

REMOTE = re.compile(r"(s3|gs|azblob|https|oci)://")
BUCKET = re.compile(r"(s3|gs)://[^/?@]+(/[^?@]*)?|azblob://[^/?@]+/[^?@]+")
ONE_FILE = (".onnx", ".tar", ".tar.gz", ".tgz")
IMAGE = re.compile(r"oci://(?P<reference>[^@]+@sha256:[0-9a-f]{64})")
HTTPS = 443


def is_bundle(source: str, spec: ModelSpec) -> bool:
    """Whether a source is a bundle in a store, so that pods can take it from there as it is."""
    pipeline = spec.model.pipeline
    return bool(REMOTE.match(source)) and not source.endswith(ONE_FILE) and not (pipeline.before or pipeline.after)


def has_store(existing: Existing) -> bool:
    """Whether there is a place for bundles of our own."""
    return not (existing.bucket is None and existing.registry is None)


def port(address: Any) -> int:
    """The TCP port that is asked at an address; HTTPS where it does not say, or is not known yet."""
    return (urlsplit(address).port if isinstance(address, str) else None) or HTTPS
