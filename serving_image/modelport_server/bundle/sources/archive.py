"""Archives: `.tar`, `.tar.gz`, `.tgz`."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from modelport_server.bundle.sources.store import SourceError

SUFFIXES = (".tar", ".tar.gz", ".tgz")
PACK = "Pack it again: tar -czf model.tar.gz -C BUNDLE ."


def is_archive(name: str) -> bool:
    """Whether a file's name says so."""
    return name.endswith(SUFFIXES)


def unpack(archive: Path, place: Path) -> None:
    """Make the folder `place` of what an archive holds, whole or not at all. Nothing gets outside.

    Raises:
        SourceError: it is none, is damaged, or would write elsewhere.
    """
    scratch = place.with_name(f"{place.name}.new")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        with tarfile.open(archive) as opened:
            opened.extractall(scratch, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise SourceError(archive, f"cannot be unpacked: {error}.", PACK) from error
    shutil.rmtree(place, ignore_errors=True)
    scratch.rename(place)
