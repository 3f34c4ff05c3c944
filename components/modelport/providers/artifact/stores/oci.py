"""An OCI registry: the bundle as an artefact, a layer for each file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from modelport.bundle.transfer import BLOCK, OCI_MANIFEST, TITLE, ModelFile
from modelport.providers.artifact.manifest import Descriptor, Manifest, digest_of
from modelport.providers.artifact.progress import Progress
from modelport.providers.artifact.push import push_blob
from modelport.providers.artifact.reference import Reference
from modelport.providers.artifact.repository import Repository
from modelport.providers.crud import Say

KIND = "application/vnd.modelport.bundle.v1"
EMPTY = b"{}"
EMPTY_KIND = "application/vnd.oci.empty.v1+json"
FILE_KIND = "application/octet-stream"


class Artefact:
    """A bundle as an artefact, tagged with the hex of its digest."""

    def __init__(self, repository: Repository, name: str):
        self._repository, self._name = repository, name

    def holds(self, path: str, sha256: str) -> bool:
        """See Shelf."""
        return self._repository.has_blob(f"sha256:{sha256}")

    def put(self, file: ModelFile, origin: Path, progress: Progress, say: Say) -> None:
        """See Shelf."""
        blob = Descriptor(f"sha256:{file.sha256}", file.size, FILE_KIND)
        push_blob(self._repository, blob, lambda: _blocks(origin), progress, say)

    def finish(self, files: Iterable[ModelFile], say: Say) -> str:
        """See Shelf."""
        manifest = _manifest(files)
        config = Descriptor(digest_of(EMPTY), len(EMPTY), EMPTY_KIND)
        push_blob(
            self._repository, config, lambda: iter([EMPTY]), Progress(str(self._repository), config.size, say), say
        )
        if self._repository.tagged(self._name) != manifest.digest:
            self._repository.put_manifest(manifest, self._name)
        return f"oci://{self._repository}@{manifest.digest}"

    def intact(self, address: str, contents: Mapping[str, str]) -> bool:
        """See Shelf. A registry keeps what a manifest names."""
        return self._repository.tagged(address.rpartition("@")[2]) is not None

    def remove(self, address: str, paths: Iterable[str]) -> None:
        """See Shelf."""
        self._repository.delete_manifest(address.rpartition("@")[2])


def address(repository: str, files: Iterable[ModelFile]) -> str:
    """Where a bundle of these files will be."""
    return f"oci://{repository}@{_manifest(files).digest}"


def _manifest(files: Iterable[ModelFile]) -> Manifest:
    layers = [
        {
            "mediaType": FILE_KIND,
            "digest": f"sha256:{file.sha256}",
            "size": file.size,
            "annotations": {TITLE: file.path},
        }
        for file in sorted(files)
    ]
    said = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": KIND,
        "config": {"mediaType": EMPTY_KIND, "digest": digest_of(EMPTY), "size": len(EMPTY)},
        "layers": layers,
    }
    return Manifest(json.dumps(said, separators=(",", ":")).encode(), OCI_MANIFEST)


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            yield block


def open_shelf(target: str, name: str) -> Artefact:
    """`oci://HOST/REPOSITORY`."""
    return Artefact(Repository(Reference.parse(target.removeprefix("oci://")), write=True), name)
