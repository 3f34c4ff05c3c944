"""One file from a store to disk, from where an interrupted transfer ended."""

from __future__ import annotations

from pathlib import Path

from modelport_server.bundle.files import sha256 as sha256_of
from modelport_server.bundle.sources.patience import Patience
from modelport_server.bundle.sources.store import LOOK, Interrupted, SourceError, Store


def download(store: Store, path: str, file: Path, *, sha256: str | None = None, limit: int | None = None) -> None:
    """Bring a file here. What an earlier process left of it is taken up, and thrown away if it was of another file.

    Args:
        store: where it is.
        path: its path there.
        file: where it shall be; beside it lies a `.part` until it is whole.
        sha256: what it must be, in hex.
        limit: bytes that it may have.

    Raises:
        SourceError: it is not there, cannot be had, or is another file.
    """
    part = file.with_name(f"{file.name}.part")
    file.parent.mkdir(parents=True, exist_ok=True)
    if sha256 is None:  # nothing would tell a part of another file
        part.unlink(missing_ok=True)
    resumed = part.exists()
    _transfer(store, path, part, limit)
    if sha256 and resumed and sha256_of(part) != sha256:
        part.unlink()
        _transfer(store, path, part, limit)
    if sha256 and (actual := sha256_of(part)) != sha256:
        part.unlink()
        raise SourceError(Path(path or file.name), f"has sha256 {actual}, it should have {sha256}.", LOOK)
    part.rename(file)


def _transfer(store: Store, path: str, part: Path, limit: int | None) -> None:
    patience = Patience(Path(path or part.stem))
    while True:
        start = part.stat().st_size if part.exists() else 0
        try:
            with part.open("ab") as stream:
                for block in store.read(path, start):
                    stream.write(block)
                    if limit is not None and stream.tell() > limit:
                        raise SourceError(Path(path or part.stem), f"has more than {limit} bytes.", LOOK)
        except Interrupted as error:
            patience.bear(error, progressed=part.stat().st_size > start)
        else:
            return
