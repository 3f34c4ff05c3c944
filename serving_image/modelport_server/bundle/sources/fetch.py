from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from modelport_server.bundle.baseline import BASELINE
from modelport_server.bundle.errors import BundleError
from modelport_server.bundle.files import sha256 as sha256_of
from modelport_server.bundle.manifest import EXPECTED, MANIFEST, SAMPLE, load, verify
from modelport_server.bundle.sources.archive import SUFFIXES, is_archive, unpack
from modelport_server.bundle.sources.download import download
from modelport_server.bundle.sources.store import Forbidden, Missing, SourceError, Store

STORES = {"s3": "s3", "gs": "gs", "azblob": "azblob", "https": "http", "http": "http", "oci": "oci"}
SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://")
MOST_JSON = 16 << 20  # bytes of a manifest, a sample, an answer
SIGNED = f"{MANIFEST}.sig"
NAME_ONE = f"Name a bundle (the folder with {MANIFEST}), a .onnx file, or an archive ({', '.join(SUFFIXES)})."


def is_remote(source: str) -> bool:
    """Whether a source is in a store."""
    return bool((scheme := SCHEME.match(source)) and scheme[1] in STORES)


def default_cache() -> Path:
    """Where fetched models are kept when nobody says."""
    try:
        return Path(tempfile.gettempdir()) / "modelport-models"
    except FileNotFoundError:  # nothing can be written here; models that are here need no cache
        return Path("/tmp/modelport-models")  # noqa: S108


def fetch(source: str, cache: Path) -> list[Path]:
    """The bundles, or else .onnx files, of a source. What is in a store is brought to `cache`, and stays there.

    Args:
        source: a path, or an address such as `s3://BUCKET/PREFIX`: of a bundle's folder, a .onnx file, an archive.
        cache: a folder of our own.

    Raises:
        BundleError: there is no model, or it could not be had whole.
    """
    if not (scheme := SCHEME.match(source)):
        return _local(Path(source), cache)
    if scheme[1] not in STORES:
        raise SourceError(source, f"there is no store of kind {scheme[1]}.", f"There are {', '.join(STORES)}.")
    with _locked(cache):
        place = cache / f"coming-{_short(source)}"  # found again after an interruption
        place.mkdir(exist_ok=True)
        store: Store = import_module(f"modelport_server.bundle.sources.{STORES[scheme[1]]}").open_store(source)
        name = Path(store.archive or urlsplit(source).path).name
        if not (is_archive(name) or name.endswith(".onnx")):
            return [_bundle(store, source, place, cache)]
        download(store, store.archive or "", place / name, sha256=store.sha256)
        return [place / name] if name.endswith(".onnx") else _unpacked(place / name, cache)


def models_in(folder: Path) -> list[Path]:
    """The bundles in a folder, at whatever depth; where there are none, its .onnx files.

    Raises:
        SourceError: it holds neither.
    """
    files = sorted(_files(folder))
    if models := [file.parent for file in files if file.name == MANIFEST] or [f for f in files if f.suffix == ".onnx"]:
        return models
    raise SourceError(folder, "holds no bundle and no .onnx file.", NAME_ONE)


def _local(path: Path, cache: Path) -> list[Path]:
    if path.is_file() and is_archive(path.name):
        with _locked(cache):
            return _unpacked(path, cache)
    if path.is_dir() and not (path / MANIFEST).is_file():
        return models_in(path)
    return [path]


def _unpacked(archive: Path, cache: Path) -> list[Path]:
    place = cache / f"archive-{sha256_of(archive)}"
    unpack(archive, place)
    return models_in(place)


def _bundle(store: Store, source: str, place: Path, cache: Path) -> Path:
    """The bundle in a store, in `cache` under its digest."""
    try:
        download(store, MANIFEST, place / MANIFEST, limit=MOST_JSON)
    except Missing as error:
        raise Missing(error.where, f"{source} has no {MANIFEST}.", NAME_ONE) from error
    bundle = load(place)
    kept = cache / bundle.digest.removeprefix("sha256:")
    (kept / BASELINE).unlink(missing_ok=True)  # it comes again, and a wrong one shall not bring the model again
    if _is_whole(kept):
        shutil.rmtree(place)
        _take_what_changes(store, kept)
        return kept
    for name in (SAMPLE, EXPECTED):
        download(store, name, place / name, limit=MOST_JSON)
    for file in bundle.files:
        if file.difference(place):
            download(store, file.path, place / file.path, sha256=file.sha256, limit=file.size)
    shutil.rmtree(kept, ignore_errors=True)
    place.rename(kept)
    _take_what_changes(store, kept)
    return kept


def _is_whole(kept: Path) -> bool:
    try:
        return bool(verify(kept))
    except BundleError:
        return False


def _take_what_changes(store: Store, kept: Path) -> None:
    """The signature and the baseline as they are now: one may be added, renewed, or taken back."""
    for name in (SIGNED, BASELINE):
        try:
            download(store, name, kept / name, limit=MOST_JSON)
        except (Missing, Forbidden):
            (kept / name).unlink(missing_ok=True)


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """The cache, for one process at a time."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = (cache / "lock").open("w")
    except OSError as error:
        remedy = "Give a folder that can be written with --cache; in a container, a volume or a tmpfs."
        raise BundleError(cache, f"models cannot be kept there: {error.strerror}.", remedy) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _short(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:32]


def _files(folder: Path) -> Iterator[Path]:
    """Every file, each once: Kubernetes mounts folders through links, by two names."""
    seen = {folder.resolve()}
    for place, below, names in os.walk(folder, followlinks=True):
        yield from (Path(place, name) for name in names)
        new = {Path(place, name).resolve(): name for name in sorted(below, reverse=True)}
        below[:] = [name for path, name in new.items() if path not in seen]
        seen |= new.keys()
