"""Manifests of images, OCI's and docker's: what an image consists of, each part known by its digest."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from modelport.bundle.transfer import OCI_MANIFEST, SourceError

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEXES = (OCI_INDEX, DOCKER_LIST)
KINDS = (OCI_MANIFEST, DOCKER_MANIFEST, *INDEXES)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MOST_BYTES = 4 << 20  # that registries take as a manifest
SAME = "Name another image, or build it again."


@dataclass(frozen=True)
class Descriptor:
    """A blob or a manifest: `digest`, `size` in bytes, and where it is an image of an index, its `platform`."""

    digest: str
    size: int
    media_type: str = "application/octet-stream"
    platform: str = ""

    @classmethod
    def read(cls, entry: Any) -> Descriptor:
        """Of its JSON. Raises ValueError, TypeError, LookupError where it is none."""
        digest, size = entry["digest"], entry["size"]
        if not (isinstance(digest, str) and DIGEST.fullmatch(digest) and isinstance(size, int) and size >= 0):
            raise ValueError(f"no digest and size: {entry}")
        platform = entry.get("platform") or {}
        shown = "/".join(str(platform[key]) for key in ("os", "architecture", "variant") if platform.get(key))
        return cls(digest, size, str(entry.get("mediaType", cls.media_type)), shown)


@dataclass(frozen=True)
class Manifest:
    """The bytes of a manifest, which make its digest, and what they say."""

    content: bytes
    media_type: str
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    images: tuple[Descriptor, ...] = ()

    @property
    def digest(self) -> str:
        """Of the manifest itself."""
        return digest_of(self.content)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Config and layers."""
        return (self.config, *self.layers) if self.config else self.layers


def read_manifest(content: bytes, where: str, wanted: str, media_type: str = "") -> Manifest:
    """A manifest from its bytes.

    Args:
        content: the bytes.
        where: it is from.
        wanted: digest that it must have.
        media_type: as the source says, for a manifest that does not say it itself.

    Raises:
        SourceError: it is another one, or none that can be copied.
    """
    if (actual := digest_of(content)) != wanted:
        raise SourceError(where, f"gives a manifest of digest {actual}, wanted is {wanted}.", SAME)
    try:
        return _parse(content, media_type)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise SourceError(where, f"{wanted} is no image that can be copied: {error}.", SAME) from error


def digest_of(content: bytes) -> str:
    """`sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _parse(content: bytes, media_type: str) -> Manifest:
    said = json.loads(content)
    kind = said.get("mediaType") or media_type or (OCI_INDEX if "manifests" in said else OCI_MANIFEST)
    if kind not in KINDS or said.get("schemaVersion") != 2:
        raise ValueError(f"its media type is {kind}, known are {', '.join(KINDS)}")
    if kind in INDEXES:
        return Manifest(content, kind, images=tuple(Descriptor.read(entry) for entry in said["manifests"]))
    # A layer with addresses of its own may not be given away: whoever runs the image takes it from there.
    layers = tuple(Descriptor.read(entry) for entry in said["layers"] if not entry.get("urls"))
    return Manifest(content, kind, Descriptor.read(said["config"]), layers)
