"""Files of a state folder: written whole or not at all, with the attributes that Pulumi's storage keeps beside each."""

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ATTRIBUTES, TEMPORARY = ".attrs", ".tmp"
EMPTY_ATTRIBUTES = ("cache_control", "content_disposition", "content_encoding", "content_language")


def write(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace a file of the state folder, and its attributes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, data, durable=durable)
    with suppress(OSError):  # nobody needs the attributes to read the file
        replace(path.with_name(path.name + ATTRIBUTES), _attributes(data), durable=False)


def copy(source: Path, target: Path) -> None:
    """Make `target` in the same folder a copy of a file that `write` wrote, with its attributes."""
    with _replacing(target) as temporary:
        shutil.copyfile(source, temporary)
    with suppress(OSError), _replacing(target.with_name(target.name + ATTRIBUTES)) as temporary:
        shutil.copyfile(source.with_name(source.name + ATTRIBUTES), temporary)


def replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace a file: until all of the new content is there (with `durable`, on disk) the old one stays."""
    with _replacing(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    if durable:
        _sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file and its attributes, if they are there."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ATTRIBUTES).unlink(missing_ok=True)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file that takes the place of `path` once it is written, and is gone if that fails."""
    temporary = path.with_name(f".{path.name}{TEMPORARY}")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _attributes(data: bytes) -> bytes:
    digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    empty = {f"user.{name}": "" for name in EMPTY_ATTRIBUTES}
    attributes = {**empty, "user.content_type": "text/plain; charset=utf-8", "user.metadata": None, "md5": digest}
    return json.dumps(attributes, separators=(",", ":")).encode() + b"\n"
