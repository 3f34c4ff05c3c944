"""A bundle as one file, for platforms that unpack it themselves."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterable
from pathlib import Path

from modelport.bundle.transfer import ModelFile

ARCHIVE = "model.tar.gz"
MODE = 0o644


def pack(root: Path, files: Iterable[ModelFile], archive: Path) -> ModelFile:
    """Write files below a folder into an archive, always as the same bytes, and not smaller: weights hardly shrink."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", 0, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for file in files:
            entry = tarfile.TarInfo(file.path)
            entry.size, entry.mode = file.size, MODE
            with (root / file.path).open("rb") as content:
                tar.addfile(entry, content)
    return ModelFile.of(archive, ARCHIVE)
