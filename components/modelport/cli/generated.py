"""Files that commands write, and may write over."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .errors import UsageError


def write(folder: Path, files: Mapping[str, str], mark: str) -> Iterator[tuple[Path, str]]:
    """Write files, each with `mark` in it, and tell of each whether it is written or unchanged.

    Raises:
        UsageError: one is there without the mark, so nothing was written, or a file cannot be written.
    """
    for name in files:
        _refuse_foreign(folder / name, mark)
    for name, text in files.items():
        yield folder / name, _put(folder / name, text.encode())


def remove_others(folder: Path, files: Collection[str], mark: str) -> Iterator[tuple[Path, str]]:
    """Remove what bears the mark in a folder and those in it, and is none of `files`.

    Raises:
        UsageError: one cannot be removed.
    """
    kept = {folder / name for name in files}
    for file in sorted({*folder.glob("*.yaml"), *folder.glob("*/*.yaml")} - kept):
        with _said(file):
            if mark.encode() in file.read_bytes():
                file.unlink()
                yield file, "removed"
                if file.parent != folder and not any(file.parent.iterdir()):
                    file.parent.rmdir()


def _refuse_foreign(file: Path, mark: str) -> None:
    with _said(file):
        if file.exists() and mark.encode() not in file.read_bytes():
            raise UsageError(f'{file}\n  exists, and does not say "{mark}". Name another folder.')


def _put(file: Path, content: bytes) -> str:
    with _said(file):
        if file.exists() and file.read_bytes() == content:
            return "unchanged"
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_name(f".{file.name}.new")
        try:
            scratch.write_bytes(content)
            scratch.replace(file)
        finally:
            scratch.unlink(missing_ok=True)
        return "written"


@contextmanager
def _said(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or file
        raise UsageError(f"{where}\n  cannot be written: {error.strerror}. Name another folder.") from None
