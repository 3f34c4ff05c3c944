"""Images in a folder: an OCI layout."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from modelport.bundle.transfer import BLOCK, SourceError

from .manifest import MOST_BYTES, Descriptor, Manifest, read_manifest
from .reference import LAYOUT

MAKE = "Write it again: make image, skopeo copy ... oci:FOLDER, or buildah push ... oci:FOLDER."


class Layout:
    """An OCI layout as a source of images."""

    host = ""

    def __init__(self, source: str):
        self._folder = Path(source.removeprefix(LAYOUT))
        if not (self._folder / "index.json").is_file():
            raise SourceError(self._folder, "is no OCI layout: it has no index.json.", MAKE)

    def manifest(self, digest: str) -> Manifest:
        """See Source."""
        file = self._file(digest)
        if not file.is_file():
            held = ", ".join(self._digests()) or "none"
            raise SourceError(
                self._folder, f"holds no {digest}. Its images: {held}.", "Correct the digest, or make the image."
            )
        with file.open("rb") as stream:
            return read_manifest(stream.read(MOST_BYTES + 1), str(file), digest)

    def read(self, blob: Descriptor) -> Iterator[bytes]:
        """See Source."""
        try:
            with self._file(blob.digest).open("rb") as stream:
                while block := stream.read(BLOCK):
                    yield block
        except FileNotFoundError as error:
            raise SourceError(self._folder, f"lacks the blob {blob.digest}.", MAKE) from error

    def _file(self, digest: str) -> Path:
        kind, _, name = digest.partition(":")
        return self._folder / "blobs" / kind / name

    def _digests(self) -> list[str]:
        try:
            return [entry["digest"] for entry in json.loads((self._folder / "index.json").read_bytes())["manifests"]]
        except (ValueError, TypeError, LookupError) as error:
            raise SourceError(self._folder / "index.json", f"cannot be read: {error}.", MAKE) from error
