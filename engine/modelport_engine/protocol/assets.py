"""Assets and archives: files as property values. A digest of the content, added here, tells when one has changed."""

import hashlib
import os
import posixpath
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import urlopen

from modelport_engine.errors import EngineError
from modelport_engine.protocol.values import ARCHIVE, ASSET, SIGNATURE_KEY, Output, Secret

BLOCK, NAME, PREFIX = 512, 100, 155  # bytes of a tar archive's header and of two of its fields
SKIPPED = ".pulumi"
Blobs = Iterator[tuple[str, bytes]]


class AssetError(EngineError):
    """The content of an asset or archive cannot be read."""


def with_digests(value: Any, folder: Path) -> Any:
    """The value with a digest in every asset and archive; relative paths are taken from `folder`. Raises AssetError."""
    match value:
        case Secret():
            return Secret(with_digests(value.value, folder))
        case Output():
            return replace(value, value=with_digests(value.value, folder))
        case list():
            return [with_digests(item, folder) for item in value]
        case dict():
            inner = {key: with_digests(item, folder) for key, item in value.items()}
            to_do = value.get(SIGNATURE_KEY) in (ASSET, ARCHIVE) and not value.get("hash")
            return inner | {"hash": _digest(value, folder)} if to_do else inner
    return value


def _digest(value: Mapping[str, Any], folder: Path) -> str:
    try:
        content = _content(value, folder) if value[SIGNATURE_KEY] == ASSET else _packed(value, folder)
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        source = value.get("path") or value.get("uri") or "an archive"
        raise AssetError(f"failed to compute the hash of {source}: {error}") from error
    return hashlib.sha256(content).hexdigest()


def _content(asset: Mapping[str, Any], folder: Path) -> bytes:
    if path := asset.get("path"):
        return Path(folder, path).read_bytes()
    if uri := asset.get("uri"):
        return _fetched(uri)
    return str(asset.get("text") or "").encode()


def _fetched(uri: str) -> bytes:
    if urlparse(uri).scheme not in ("file", "http", "https"):
        raise AssetError(f"the asset {uri!r} cannot be read: expected a file, http or https address")
    with urlopen(uri) as answer:  # noqa: S310  the scheme is one of three
        return bytes(answer.read())


def _packed(archive: Mapping[str, Any], folder: Path) -> bytes:
    """The bytes of an archive file as it is; any other archive as a tar archive."""
    if (name := archive.get("path")) and _unpacker(name):
        return Path(folder, name).read_bytes()
    if (uri := archive.get("uri")) and _unpacker(urlparse(uri).path):
        return _fetched(uri)
    return _tar(_blobs(archive, folder))


def _blobs(archive: Mapping[str, Any], folder: Path) -> Blobs:
    """Names and contents, in the order in which they are packed."""
    source = archive.get("path") or archive.get("uri")
    if not source:
        yield from _members(archive.get("assets") or {}, folder)
    elif unpack := _unpacker(urlparse(source).path if archive.get("uri") else source):
        yield from unpack(_fetched(source) if archive.get("uri") else (folder / source).read_bytes())
    else:
        yield from _files(folder / (unquote(urlparse(source).path) if archive.get("uri") else source))


def _members(assets: Mapping[str, Any], folder: Path) -> Blobs:
    for key in sorted(assets, key=str.encode):
        if assets[key][SIGNATURE_KEY] == ASSET:
            yield key, _content(assets[key], folder)
        else:
            for name, content in _blobs(assets[key], folder):
                yield posixpath.normpath(posixpath.join(key, name)), content


def _files(folder: Path) -> Blobs:
    if not folder.is_dir():
        raise AssetError(f"'{folder}' is neither a recognized archive type nor a directory")
    for entry in sorted(os.scandir(folder), key=lambda each: os.fsencode(each.name)):
        if entry.name == SKIPPED or (entry.is_symlink() and entry.is_dir()):
            continue
        if entry.is_dir():
            for name, content in _files(Path(entry.path)):
                yield f"{entry.name}/{name}", content
        else:
            yield entry.name, Path(entry.path).read_bytes()


def _unpacker(name: str) -> Callable[[bytes], Blobs] | None:
    if name.endswith((".tar", ".tgz", ".tar.gz")):
        return _untarred
    return _unzipped if name.endswith((".zip", ".jar")) else None


def _untarred(data: bytes) -> Blobs:
    with tarfile.open(fileobj=BytesIO(data)) as file:
        for member in file:
            if content := file.extractfile(member):
                yield member.name, content.read()


def _unzipped(data: bytes) -> Blobs:
    with zipfile.ZipFile(BytesIO(data)) as file:
        for member in file.infolist():
            if not member.is_dir():
                yield member.filename, file.read(member)


def _tar(blobs: Blobs) -> bytes:
    """A tar archive, byte for byte as Go's library writes it: Pulumi's digests are of that."""
    first: dict[str, bytes] = {}
    for name, content in blobs:
        first.setdefault(name, content)
    parts = [_header(name, len(content)) + _padded(content) for name, content in first.items()]
    return b"".join([*parts, bytes(2 * BLOCK)])


def _header(name: str, size: int) -> bytes:
    if name.isascii() and len(name) <= NAME:
        return _block(name, size)
    if name.isascii() and (split := _split(name)):
        prefix, rest = split
        return _block(rest, size, prefix=prefix)
    folder, file = posixpath.split(name)
    record = _record("path", name)
    extended = _block(posixpath.join(folder, "PaxHeaders.0", file), len(record), kind=b"x", mode=0, devices=b"")
    return extended + _padded(record) + _block(name, size)


def _split(name: str) -> tuple[str, str] | None:
    prefix, _, rest = name[: PREFIX + 1].rpartition("/")
    rest += name[PREFIX + 1 :]
    return (prefix, rest) if prefix and 0 < len(rest) <= NAME else None


def _record(key: str, value: str) -> bytes:
    """A record of an extended header; it begins with its own length."""
    body = f" {key}={value}\n".encode()
    length = len(body) + len(str(len(body)))
    return str(len(body) + len(str(length))).encode() + body


def _block(
    name: str,
    size: int,
    *,
    prefix: str = "",
    kind: bytes = b"0",
    mode: int = 0o600,
    devices: bytes = b"0000000\0",
) -> bytes:
    numbers = b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (mode, 0, 0, size, 0)
    head = _ascii(name)[:NAME].ljust(NAME, b"\0") + numbers
    tail = kind + bytes(NAME) + b"ustar\x0000" + bytes(64) + devices.ljust(8, b"\0") * 2 + prefix.encode()
    total = sum(head) + 8 * ord(" ") + sum(tail)
    return (head + b"%06o\0 " % total + tail).ljust(BLOCK, b"\0")


def _ascii(name: str) -> bytes:
    return name.encode("ascii", "ignore")


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)
