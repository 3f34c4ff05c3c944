from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from modelport.bundle.transfer import ModelFile, SourceError

SMALLEST = 8 << 20
MOST = 9_000  # S3 takes 10,000
ROUND = 1 << 20


@dataclass(frozen=True)
class Slice:
    """A part of a file that is sent by itself; `number` counts from 1."""

    number: int
    offset: int
    size: int
    sha256: str
    md5: str

    def read(self, file: Path) -> bytes:
        """Its bytes."""
        with file.open("rb") as stream:
            stream.seek(self.offset)
            return stream.read(self.size)


@dataclass(frozen=True)
class Sliced:
    """A file in slices; `md5` is of the whole, hashes are in base64. Stores compare them with what they get."""

    slices: tuple[Slice, ...]
    md5: str

    @classmethod
    def of(cls, file: Path, wanted: ModelFile) -> Sliced:
        """Read a file once.

        Raises:
            SourceError: it is not the one that is wanted.
        """
        size = max(SMALLEST, -(-wanted.size // MOST // ROUND) * ROUND)
        slices: list[Slice] = []
        whole, total = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        with file.open("rb") as stream:
            while (block := stream.read(size)) or not slices:
                whole.update(block)
                total.update(block)
                hashes = hashlib.sha256(block), hashlib.md5(block, usedforsecurity=False)
                offset = size * len(slices)
                slices.append(
                    Slice(len(slices) + 1, offset, len(block), *(base64_of(each.digest()) for each in hashes))
                )
        if whole.hexdigest() != wanted.sha256:
            raise SourceError(
                file, f"changed: it has sha256 {whole.hexdigest()}, recorded {wanted.sha256}.", "Run again."
            )
        return cls(tuple(slices), base64_of(total.digest()))


def base64_of(digest: bytes) -> str:
    """As headers carry it."""
    return base64.b64encode(digest).decode()
