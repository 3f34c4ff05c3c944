"""An image from one place to another, with all of its platforms, by digest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from modelport.bundle.transfer import SourceError
from modelport.providers.crud import Say

from .content import Content
from .layout import Layout
from .manifest import MOST_BYTES, Descriptor, Manifest
from .progress import Progress
from .push import push_blob
from .reference import Reference, is_layout
from .repository import Repository

DEEPEST = 4  # indexes in indexes


class Source(Protocol):
    """Where images are. `host` is its registry, or nothing."""

    host: str

    def manifest(self, digest: str) -> Manifest:
        """A manifest by its digest. Raises SourceError: it is not there, or another one."""

    def read(self, blob: Descriptor) -> Iterator[bytes]:
        """The bytes of a blob, not checked yet."""


@dataclass(frozen=True)
class Image:
    """All that an image consists of; manifests in the order in which a registry takes them, the image's own last."""

    manifests: tuple[Manifest, ...]
    platforms: tuple[str, ...]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Each once."""
        return tuple({blob.digest: blob for manifest in self.manifests for blob in manifest.blobs}.values())

    @property
    def size(self) -> int:
        """Bytes of all blobs and manifests."""
        return sum(blob.size for blob in self.blobs) + sum(len(manifest.content) for manifest in self.manifests)


def open_source(source: str) -> Source:
    """A registry's repository, or a folder."""
    return Layout(source) if is_layout(source) else Repository(Reference.parse(source))


def bring(source: str, digest: str, target: Repository, tag: str, platform: str | None, say: Say) -> Image:
    """Bring an image to a repository: blobs that are not there, then manifests, the image's own last and tagged.

    Raises:
        SourceError: a part is missing or another one, it does not run on the platform, or a registry refuses.
    """
    if target.tagged(digest) is None:
        origin = open_source(source)
        image = examine(origin, digest, platform)
        _copy(origin, image, target, say)
    else:
        image = examine(target, digest, platform)
    if target.tagged(tag) != digest:
        target.put_manifest(image.manifests[-1], tag)
    return image


def examine(source: Source, digest: str, platform: str | None = None) -> Image:
    """What an image consists of.

    Raises:
        SourceError: a manifest is missing or another one, or the image does not run on the platform.
    """
    manifests: dict[str, Manifest] = {}
    platforms: list[str] = []
    _collect(source, digest, manifests, platforms, DEEPEST)
    if not platforms and (config := manifests[digest].config):
        platforms += _platform_of(source, config)
    if platform and not any(f"{each}/".startswith(f"{platform}/") for each in platforms):
        held = ", ".join(platforms) or "none that it names"
        raise SourceError(digest, f"does not run on {platform}. Its platforms: {held}.", "Build it for that, too.")
    return Image(tuple(manifests.values()), tuple(dict.fromkeys(platforms)))


def _copy(source: Source, image: Image, target: Repository, say: Say) -> None:
    progress = Progress(f"image {image.manifests[-1].digest[7:19]}", image.size, say)
    mount = source.name if isinstance(source, Repository) and source.host == target.host else ""
    for blob in image.blobs:
        push_blob(target, blob, partial(source.read, blob), progress, say, mount)
    for manifest in image.manifests:
        target.put_manifest(manifest, manifest.digest)


def _collect(source: Source, digest: str, found: dict[str, Manifest], platforms: list[str], depth: int) -> None:
    manifest = source.manifest(digest)
    if manifest.images and not depth:
        raise SourceError(digest, f"holds indexes in indexes, more than {DEEPEST}.", "Name one of them.")
    for entry in manifest.images:
        if entry.digest not in found:
            _collect(source, entry.digest, found, platforms, depth - 1)
        if entry.platform and "unknown" not in entry.platform:  # attestations run nowhere
            platforms.append(entry.platform)
    found[digest] = manifest


def _platform_of(source: Source, config: Descriptor) -> Iterator[str]:
    """Of an image that no index describes."""
    if config.size > MOST_BYTES:
        return
    content = b"".join(Content(config, config.digest, lambda: source.read(config)))
    with suppress(ValueError, LookupError, TypeError):
        said = json.loads(content)
        yield "/".join((said["os"], said["architecture"], *([said["variant"]] if said.get("variant") else [])))
