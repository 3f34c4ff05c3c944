from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelport.bundle.compose import compose
from modelport.bundle.errors import BundleError, surfaced
from modelport_server.bundle import Bundle
from modelport_server.bundle.describe import describe
from modelport_server.bundle.manifest import EXPECTED, MANIFEST, SAMPLE


def build(
    model_path: Path | str,
    out_dir: Path | str,
    *,
    sample: Path | str | None = None,
    name: str | None = None,
    version: str | None = None,
    before: Sequence[Path] = (),
    after: Sequence[Path] = (),
) -> Bundle:
    """Make a bundle of the model at `model_path` in `out_dir`, whole or not at all; a bundle that is there is replaced.

    Args:
        model_path: an .onnx file, its external data beside or below it.
        out_dir: the folder to make.
        sample: a JSON file with the V2 infer request that the model must answer before it serves; default: generated.
        name: how the model is called on the wire; default: the file's name.
        version: default "1".
        before: .onnx files of graphs that prepare the model's inputs, in the order in which they run.
        after: likewise, of graphs that treat its outputs.

    Raises:
        BundleError: the model cannot be served, the sample does not fit it, the graphs do not fit together, or
            `out_dir` holds something else.
    """
    model_path, out_dir = Path(model_path), Path(out_dir)
    refuse_to_overwrite(out_dir)
    with surfaced():
        from modelport_server.bundle.reference import generated_sample

        described, origins = compose(describe(model_path, name=name, version=version), before, after)
        given = None if sample is None else _read_sample(Path(sample))
        request = given or generated_sample(described)
        origin = {"origin": "given" if given else "generated"}
        request = {**request, "parameters": {**request.get("parameters", {}), **origin}}
        return assemble(described, origins, request, out_dir)


def assemble(
    described: Bundle, origins: Mapping[str, Path], request: dict[str, Any], out_dir: Path, **measured: Any
) -> Bundle:
    """The bundle of a described model that has answered `request`; what was `measured` is kept beside that answer.

    `origins` says where its files lie.

    Raises:
        modelport_server.bundle.BundleError: the model does not run, or changes meanwhile.
    """
    from modelport_server.bundle.reference import answer
    from modelport_server.inference.session import open_bundle

    expected = answer(described, open_bundle(described, origins=origins), request)
    with replacing(out_dir) as folder:
        _copy(described, origins, folder)
        _write(folder / SAMPLE, request)
        _write(folder / EXPECTED, {**expected, **measured})
        replace(described, path=folder).write_manifest()
    return replace(described, path=out_dir)


def refuse_to_overwrite(out_dir: Path) -> None:
    """Let a folder be made or a bundle be replaced at `out_dir`, and nothing else.

    Raises:
        BundleError: something else is there.
    """
    taken = out_dir.is_symlink() or (out_dir.exists() and not out_dir.is_dir())
    if taken or (out_dir.is_dir() and any(out_dir.iterdir()) and not (out_dir / MANIFEST).is_file()):
        raise BundleError(out_dir, "exists and is not a bundle.", "Name another folder, or remove it first.")


@contextmanager
def replacing(out_dir: Path) -> Iterator[Path]:
    """A folder to fill that takes the place of `out_dir` in one step when it is done."""
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out_dir.name}.", dir=out_dir.parent) as scratch:
        new, old = Path(scratch, "new"), Path(scratch, "old")
        new.mkdir()
        yield new
        if out_dir.exists():
            out_dir.rename(old)
        new.rename(out_dir)


def _read_sample(file: Path) -> dict[str, Any]:
    try:
        request = json.loads(file.read_bytes())
    except OSError as error:
        raise BundleError(file, f"cannot be read: {error.strerror}.", "Give a V2 infer request.") from error
    except ValueError as error:
        raise BundleError(file, f"not JSON: {error}.", "Give a V2 infer request.") from error
    if not isinstance(request, dict) or not isinstance(request.get("parameters", {}), dict):
        raise BundleError(file, "not a V2 infer request.", 'It starts with {"inputs": [{"name": ...')
    return request


def _copy(described: Bundle, origins: Mapping[str, Path], folder: Path) -> None:
    for file in described.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origins[file.path], target)
        if difference := file.difference(folder):
            raise BundleError(
                origins[file.path], f"changed while it was copied: {difference}.", "Run again when it is at rest."
            )


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content) + "\n", encoding="utf-8")
