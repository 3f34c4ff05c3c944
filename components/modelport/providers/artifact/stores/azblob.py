"""Azure Blob Storage: files in blocks, each with its md5; a block that is there is not sent again.

It needs to read, write and create blobs, and for `prune` to delete them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from modelport.bundle.transfer import Blobs, Http, Missing, ModelFile, patiently
from modelport.providers.artifact.progress import Progress
from modelport.providers.artifact.slices import Slice, Sliced
from modelport.providers.artifact.unfinished import unfinished
from modelport.providers.crud import Say

from .shelf import SHA256, Folder


class BlobPrefix(Folder):
    """A bundle below a prefix of a container."""

    def __init__(self, address: str):
        super().__init__(address)
        self._blobs, self._http = Blobs(address), Http("azblob")

    def holds(self, path: str, sha256: str) -> bool:
        """See Shelf."""
        try:
            found = self._ask("HEAD", path)
        except Missing:
            return False
        return bool(found.headers.get(f"x-ms-meta-{SHA256}") == sha256)

    def put(self, file: ModelFile, origin: Path, progress: Progress, say: Say) -> None:
        """See Shelf."""
        sliced = Sliced.of(origin, file)
        with unfinished(f"{self.address}/{file.path}", say):
            stored = self._stored(file.path) if len(sliced.slices) > 1 else {}
            for part in sliced.slices:
                if stored.get(_id(part)) != part.size:
                    body, check = part.read(origin), {"Content-MD5": part.md5}
                    self._ask(
                        "PUT", file.path, check, query={"comp": "block", "blockid": _id(part)}, data=body, fine=(201,)
                    )
                progress.advance(part.size)
            self._commit(file, sliced)

    def delete(self, path: str) -> None:
        """See Folder."""
        try:
            self._ask("DELETE", path, fine=(202,))
        except Missing:
            return

    def _commit(self, file: ModelFile, sliced: Sliced) -> None:
        """Make the blob of its blocks; others that were sent for it are dropped by the store."""
        blocks = "".join(f"<Latest>{_id(part)}</Latest>" for part in sliced.slices)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{blocks}</BlockList>'.encode()
        described = {f"x-ms-meta-{SHA256}": file.sha256, "x-ms-blob-content-md5": sliced.md5}
        self._ask("PUT", file.path, described, query={"comp": "blocklist"}, data=body, fine=(201,))

    def _stored(self, path: str) -> dict[str, int]:
        """Sizes of the blocks that an interrupted upload has left, by their names."""
        try:
            answer = self._ask("GET", path, query={"comp": "blocklist", "blocklisttype": "uncommitted"})
        except Missing:
            return {}
        tree = ElementTree.fromstring(answer.content)  # noqa: S314  of the store that we write to
        return {block.findtext("Name", ""): int(block.findtext("Size", "-1")) for block in tree.iter("Block")}

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, *,
        query: Mapping[str, str] | None = None, **options: Any,
    ) -> Any:  # fmt: skip
        def once() -> Any:
            sent = {**self._blobs.headers(), **(headers or {})}
            return self._http.send(method, self._blobs.url(path, **(query or {})), sent, **options)

        return patiently(f"{self.address}/{path}", once)


def _id(part: Slice) -> str:
    """The name of a block says where in the blob it is and what it holds, so that one of another content is no use."""
    held = hashlib.sha256(part.sha256.encode()).hexdigest()[:32]
    return base64.b64encode(f"{part.number:06d}-{held}".encode()).decode()


def open_shelf(target: str, name: str) -> BlobPrefix:
    """`azblob://ACCOUNT/CONTAINER/PREFIX`."""
    return BlobPrefix(f"{target}/{name}")
