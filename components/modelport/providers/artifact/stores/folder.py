"""A folder of this machine: a mounted volume, or what a web server serves."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import suppress
from pathlib import Path

from modelport.bundle.transfer import ModelFile
from modelport.providers.artifact.progress import Progress
from modelport.providers.crud import Say

from .shelf import Folder


class LocalFolder(Folder):
    """A bundle in a folder."""

    def __init__(self, address: str):
        super().__init__(address)
        self._folder = Path(address)

    def holds(self, path: str, sha256: str) -> bool:
        """See Shelf."""
        with suppress(FileNotFoundError), (self._folder / path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
        return False

    def put(self, file: ModelFile, origin: Path, progress: Progress, say: Say) -> None:
        """See Shelf."""
        place = self._folder / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part")
        shutil.copyfile(origin, part)
        part.replace(place)
        progress.advance(file.size)

    def delete(self, path: str) -> None:
        """See Folder; takes folders that are empty then, too."""
        place = self._folder / path
        place.unlink(missing_ok=True)
        with suppress(OSError):
            while place != self._folder:
                place = place.parent
                place.rmdir()


def open_shelf(target: str, name: str) -> LocalFolder:
    """An absolute path."""
    return LocalFolder(f"{target}/{name}")
