"""Where bundles are written to; each kind of store is a module of its own, imported when a target names it."""

from __future__ import annotations

from importlib import import_module

from .shelf import Shelf

KINDS = {"s3": "s3", "gs": "gs", "azblob": "azblob", "oci": "oci"}

__all__ = ["Shelf", "open_shelf"]


def open_shelf(target: str, digest: str) -> Shelf:
    """The place of a bundle of a digest in a target."""
    module = KINDS.get(target.partition("://")[0], "folder")
    shelf: Shelf = import_module(f"{__name__}.{module}").open_shelf(target, digest.removeprefix("sha256:"))
    return shelf
