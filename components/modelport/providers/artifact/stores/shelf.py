from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from modelport.bundle.transfer import ModelFile
from modelport.providers.artifact.progress import Progress
from modelport.providers.crud import Say

SHA256 = "sha256"  # the metadata of an object that says what it is


class Shelf(Protocol):
    """The place of one bundle in a store. Errors are those of a store: SourceError, after patience."""

    def holds(self, path: str, sha256: str) -> bool:
        """Whether a file is there, whole, and the right one."""

    def put(self, file: ModelFile, origin: Path, progress: Progress, say: Say) -> None:
        """Bring a file there, whole or not at all, from where an earlier process was interrupted."""

    def finish(self, files: Iterable[ModelFile], say: Say) -> str:
        """Where a server finds the bundle, all of whose files are there."""

    def intact(self, address: str, contents: Mapping[str, str]) -> bool:
        """Whether the bundle is at an address, with the files of these sha256."""

    def remove(self, address: str, paths: Iterable[str]) -> None:
        """Take the bundle away, its manifest first; fine when it is gone."""


class Folder(ABC):
    """What shelves have in common whose files are objects below an address."""

    def __init__(self, address: str):
        self.address = address

    @abstractmethod
    def holds(self, path: str, sha256: str) -> bool:
        """See Shelf."""

    @abstractmethod
    def delete(self, path: str) -> None:
        """Take a file away; fine when it is gone."""

    def finish(self, files: Iterable[ModelFile], say: Say) -> str:
        """See Shelf."""
        return self.address

    def intact(self, address: str, contents: Mapping[str, str]) -> bool:
        """See Shelf."""
        return all(self.holds(path, sha256) for path, sha256 in contents.items())

    def remove(self, address: str, paths: Iterable[str]) -> None:
        """See Shelf."""
        for path in paths:
            self.delete(path)
