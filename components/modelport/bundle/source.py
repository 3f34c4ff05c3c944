from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from modelport.bundle.build import build, replacing
from modelport.bundle.compose import compose
from modelport.bundle.errors import BundleError, surfaced
from modelport_server import bundle
from modelport_server.bundle import Bundle
from modelport_server.bundle.baseline import BASELINE
from modelport_server.bundle.describe import DEFAULT_VERSION, default_name, describe
from modelport_server.bundle.files import sha256 as sha256_of
from modelport_server.bundle.manifest import MANIFEST, MODEL
from modelport_server.bundle.sources import fetch, is_remote
from modelport_server.bundle.sources.fetch import SIGNED

SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):")


def ensure(
    source: str,
    *,
    base: Path,
    cache: Path,
    sha256: str | None = None,
    name: str | None = None,
    version: str | None = None,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
) -> Bundle:
    """The bundle of `source`, verified, in `cache` under its digest; built only when it is not there.

    Args:
        source: a bundle, .onnx file or archive: its path, relative to `base`, or its address in a store.
        base: the folder that relative sources start from.
        cache: the folder of bundles, one per digest.
        sha256: what the .onnx file, or the bundle's digest, must be, in hex with or without `sha256:`.
        name: the model's name when it is built from an .onnx file; a bundle keeps its own.
        version: likewise.
        before: sources of graphs that prepare the model's inputs, in the order in which they run.
        after: likewise, of graphs that treat its outputs.

    Raises:
        BundleError: a source is missing, unusable, or not the one that `sha256` names, or graphs do not fit together.
    """
    with surfaced():
        path = _fetched(source, base, cache)
        graphs = [[_model_of(_fetched(each, base, cache)) for each in sources] for sources in (before, after)]
        if path.is_dir():
            given = _keep(bundle.verify(path), cache, sha256)
            return _composed(_alone(given), *graphs, cache, given.name, given.version) if any(graphs) else given
        actual = sha256_of(path)
        _compare(path, actual, sha256)
        name, version = name or default_name(path), version or DEFAULT_VERSION
        if any(graphs):
            return _composed(path, *graphs, cache, name, version)
        return _cached(path, actual, cache, name, version) or _build(path, cache, name, version)


def _fetched(source: str, base: Path, cache: Path) -> Path:
    """The one bundle or .onnx file of a source, here."""
    path = source if is_remote(source) else base / source
    if isinstance(path, Path) and (scheme := SCHEME.match(source)):
        problem = f"sources of kind {scheme[1]} are not built yet."
        raise BundleError(source, problem, "Use the path of an .onnx file or of a bundle.")
    if isinstance(path, Path) and not path.exists():
        raise BundleError(path, "the model is missing.", "Correct model.source, or put the model there.")
    found, *more = fetch(str(path), cache)
    if more:
        names = ", ".join(path.name for path in (found, *more))
        raise BundleError(source, f"holds several models: {names}.", "Name one of them in model.source.")
    return found


def _compare(path: Path, actual: str, wanted: str | None) -> None:
    if wanted and wanted.removeprefix("sha256:").lower() != actual:
        problem = f"has sha256 {actual}, the config says {wanted.removeprefix('sha256:')}."
        raise BundleError(path, problem, "Put the right model there, or correct model.sha256.")


def _keep(given: Bundle, cache: Path, sha256: str | None) -> Bundle:
    _compare(given.path, _hex(given), sha256)
    place = cache / _hex(given)
    if not _is_sound(place):
        _clear(place)
        with replacing(place) as folder:
            shutil.copytree(given.path, folder, dirs_exist_ok=True)
    for name in (SIGNED, BASELINE):  # what may change beside the same digest
        _renew(given.path / name, place / name)
    return bundle.load(place)


def _renew(given: Path, kept: Path) -> None:
    if given.is_file():
        shutil.copyfile(given, kept)
    else:
        kept.unlink(missing_ok=True)


def _cached(path: Path, sha256: str, cache: Path, name: str, version: str) -> Bundle | None:
    """The sound bundle in the cache that was built from exactly these files under this name and version."""
    for manifest in sorted(cache.glob(f"*/{MANIFEST}")):
        try:
            found = bundle.load(manifest.parent)
        except bundle.BundleError:
            continue
        is_alike = (found.name, found.version, found.pipeline) == (name, version, ())
        if is_alike and _is_of(path, sha256, found) and _is_sound(found.path):
            return found
    return None


def _composed(
    model: Path, before: Sequence[Path], after: Sequence[Path], cache: Path, name: str, version: str
) -> Bundle:
    composed, _ = compose(describe(model, name=name, version=version), before, after)
    place = cache / _hex(composed)
    if _is_sound(place):
        return bundle.load(place)
    _clear(place)
    return build(model, place, name=name, version=version, before=before, after=after)


def _model_of(path: Path) -> Path:
    """The .onnx file of a graph, which may come in a bundle of its own."""
    return _alone(bundle.verify(path)) if path.is_dir() else path


def _alone(given: Bundle) -> Path:
    """The .onnx file of a bundle that is to become part of another."""
    if given.pipeline:
        raise BundleError(given.path, "has a pipeline of its own.", "Name all its graphs, in one pipeline.")
    return given.model


def _build(path: Path, cache: Path, name: str, version: str) -> Bundle:
    place = cache / _hex(describe(path, name=name, version=version))
    _clear(place)
    return build(path, place, name=name, version=version)


def _is_of(path: Path, sha256: str, found: Bundle) -> bool:
    """Whether the model at `path`, whose own hash is given, and its external data are the files of `found`."""
    recorded = {file.path: file for file in found.files}
    if recorded.pop(MODEL).sha256 != sha256:
        return False
    origins = {name: path.parent / Path(name).relative_to("model") for name in recorded}
    return all(origin.is_file() and sha256_of(origin) == recorded[name].sha256 for name, origin in origins.items())


def _is_sound(place: Path) -> bool:
    try:
        bundle.verify(place)
    except bundle.BundleError:
        return False
    return True


def _clear(place: Path) -> None:
    """Remove what is left at `place` of a bundle that was damaged in the cache."""
    if place.exists():
        shutil.rmtree(place)


def _hex(of: Bundle) -> str:
    return of.digest.removeprefix("sha256:")
