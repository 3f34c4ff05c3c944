"""Where bundles are written to; each kind of store is a module of its own, imported when a target names it."""

from __future__ import annotations

from importlib import import_module

from .shelf import Shelf

KINDS = {"s3": "s3", "gs": "gs", "azblob": "azblob", "oci": "oci"}

__all__ = ["Shelf", "open_shelf"]


def open_shelf(target: str, digest: str, region: str | None = None) -> Shelf:
    """The place of a bundle of a digest in a target.

    Args:
        region: of a bucket in S3.
    """
    module = KINDS.get(target.partition("://")[0], "folder")
    where = {"region": region} if region else {}
    shelf: Shelf = import_module(f"{__name__}.{module}").open_shelf(target, digest.removeprefix("sha256:"), **where)
    return shelf
