"""Artefacts of an OCI registry: a layer for each file, known by its title, or one layer with an archive."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from modelport_server.bundle.sources.http import READ, range_from
from modelport_server.bundle.sources.patience import patiently
from modelport_server.bundle.sources.registry import Registry
from modelport_server.bundle.sources.store import LOOK, Missing, SourceError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
TITLE = "org.opencontainers.image.title"


class OciStore:
    """One artefact."""

    def __init__(self, host: str, repository: str, reference: str):
        self._registry, self._repository = Registry(host), repository
        self._scopes = (f"repository:{repository}:pull",)
        self._files = self._layers(reference)
        self.archive = next(iter(self._files)) if len(self._files) == 1 else None
        self.sha256 = self._files[self.archive].removeprefix("sha256:") if self.archive else None

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """See Store."""
        if path not in self._files:
            raise Missing(f"oci://{self._registry.host}/{self._repository}", f"no layer is called {path!r}.", LOOK)
        blob = f"{self._repository}/blobs/{self._files[path]}"
        answer = self._registry.send("GET", blob, self._scopes, range_from(start), fine=READ, stream=True)
        return self._registry.blocks(answer, start)

    def _layers(self, reference: str) -> dict[str, str]:
        """The digest of each layer, by its title."""
        layers = self._manifest(reference).get("layers") or []
        titled = [(each.get("annotations", {}).get(TITLE), each["digest"]) for each in layers]
        return {title or f"layer-{number}.tar.gz": digest for number, (title, digest) in enumerate(titled)}

    def _manifest(self, reference: str) -> Any:
        path = f"{self._repository}/manifests/{reference}"
        answer = patiently(
            self._registry.url(path), lambda: self._registry.send("GET", path, self._scopes, {"Accept": MANIFEST})
        )
        if reference.startswith("sha256:") and reference[7:] != hashlib.sha256(answer.content).hexdigest():
            raise SourceError(self._registry.url(path), "the registry answered with another manifest.", LOOK)
        return answer.json()


def open_store(source: str) -> OciStore:
    """`oci://REGISTRY/REPOSITORY:TAG` or `...@sha256:DIGEST`."""
    host, _, rest = source.removeprefix("oci://").partition("/")
    repository, _, reference = rest.partition("@")
    if not reference:
        repository, _, reference = rest.partition(":")
    if not (host and repository):
        raise SourceError(source, "names no repository.", "Write oci://REGISTRY/REPOSITORY:TAG.")
    return OciStore(host, repository, reference or "latest")
