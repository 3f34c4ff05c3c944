"""A repository of an OCI registry: images are read from it and written to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelport.bundle.transfer import READ, Interrupted, Missing, Patience, Registry, SourceError, patiently, range_from

from .manifest import KINDS, Descriptor, Manifest, digest_of, read_manifest
from .reference import Reference

ACCEPT = {"Accept": ", ".join(KINDS)}


class Repository:
    """One repository, for one identity.

    `tag` is where a source says that its image is: it is looked at only to explain that it is not there.
    """

    def __init__(self, name: Reference, *, write: bool = False):
        self.host, self.name, self.tag = name.host, name.repository, name.tag
        self._registry = Registry(name.host)
        self._scopes = (f"repository:{self.name}:{'pull,push' if write else 'pull'}",)

    def __str__(self) -> str:
        return f"{self.host}/{self.name}"

    def manifest(self, digest: str) -> Manifest:
        """See Source."""
        try:
            answer = self.ask("GET", f"manifests/{digest}", ACCEPT)
        except Missing as error:
            raise SourceError(str(self), f"has no image {digest}{self._instead()}.", "Correct the digest.") from error
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        return read_manifest(answer.content, str(self), digest, media_type)

    def read(self, blob: Descriptor) -> Iterator[bytes]:
        """See Source. Goes on where a transfer broke off."""
        patience, position = Patience(f"{self}@{blob.digest}"), 0
        while True:
            start = position
            try:
                answer = self.send("GET", f"blobs/{blob.digest}", range_from(start), fine=READ, stream=True)
                for block in self._registry.blocks(answer, start):
                    position += len(block)
                    yield block
                return
            except Interrupted as error:
                patience.bear(error, progressed=position > start)

    def tagged(self, reference: str) -> str | None:
        """The digest of what bears a tag or a digest, or None."""
        try:
            answer = self.ask("HEAD", f"manifests/{reference}", ACCEPT)
            if named := answer.headers.get("Docker-Content-Digest"):
                return str(named)
            return digest_of(self.ask("GET", f"manifests/{reference}", ACCEPT).content)
        except Missing:
            return None

    def has_blob(self, digest: str) -> bool:
        """Whether a blob need not be sent."""
        try:
            self.ask("HEAD", f"blobs/{digest}", {})
        except Missing:
            return False
        return True

    def put_manifest(self, manifest: Manifest, reference: str) -> None:
        """Write a manifest, all of whose parts are there, under its digest or a tag.

        Raises:
            SourceError: the registry does not take it, or takes it for another one.
        """
        headers = {"Content-Type": manifest.media_type}
        answer = self.ask("PUT", f"manifests/{reference}", headers, data=manifest.content, fine=(200, 201, 202))
        if (named := answer.headers.get("Docker-Content-Digest", manifest.digest)) != manifest.digest:
            raise SourceError(
                str(self), f"took {manifest.digest} for {named}.", "Look what stands before the registry."
            )

    def delete_manifest(self, digest: str) -> None:
        """Take an image away; fine when it is gone. Blobs that nothing else needs are the registry's to collect."""
        try:
            self.ask("DELETE", f"manifests/{digest}", {}, fine=(200, 202, 204))
        except Missing:
            return

    def ask(self, method: str, path: str, headers: Mapping[str, str], **options: Any) -> Any:
        """`send`, again where it broke off."""
        return patiently(str(self), lambda: self.send(method, path, headers, **options))

    def send(
        self, method: str, path: str, headers: Mapping[str, str], *, also: tuple[str, ...] = (), **options: Any
    ) -> Any:
        """See Registry.send; `path` is below the repository, `also` are further scopes."""
        where = path if "://" in path or path.startswith("/") else f"{self.name}/{path}"
        return self._registry.send(method, where, (*self._scopes, *also), headers, **options)

    def url(self, path: str) -> str:
        """See Registry.url."""
        return self._registry.url(path)

    def _instead(self) -> str:
        if not self.tag:
            return ""
        return f"; {self.tag} is {self.tagged(self.tag) or 'not there'}"
