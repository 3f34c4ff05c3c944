from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from modelport_server.bundle.baseline import BASELINE, Baseline
from modelport_server.bundle.baseline import parse as parse_baseline
from modelport_server.bundle.errors import BundleError
from modelport_server.bundle.files import ModelFile, stays_inside

FORMAT = 1
MANIFEST, SAMPLE, EXPECTED, MODEL = "bundle.json", "sample.json", "expected.json", "model/model.onnx"
RENEW = "Make it again: modelport bundle baseline BUNDLE --data FILE"
REBUILD = "Build it again: modelport bundle build MODEL.onnx -o DIR"


@dataclass(frozen=True)
class Tensor:
    """An input or output. `datatype` is a V2 name (FP32, INT64, BYTES ...); in `shape`, -1 is a variable dimension."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Source:
    """A tensor on its way through a pipeline: `graph` is the number of the graph that gives it, 0 for the request."""

    graph: int
    name: str


@dataclass(frozen=True)
class Stage:
    """A graph of a pipeline: its file in the bundle, and where each of its inputs comes from."""

    path: str
    takes: Mapping[str, Source]


@dataclass(frozen=True)
class Bundle:
    """A model with its name, version and contract.

    `pipeline` holds the graphs around the model, and the model, in the order in which they run; empty: it is alone.
    `path` is the bundle's folder, or the .onnx file it is still to be built from; no part of its identity. `provenance`
    says from which bundle and how it was made; a model that was given as it is has none.
    """

    path: Path
    name: str
    version: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    opsets: Mapping[str, int]
    ir_version: int
    precision: str
    files: tuple[ModelFile, ...]
    pipeline: tuple[Stage, ...] = ()
    provenance: Mapping[str, Any] | None = None

    @cached_property
    def inputs_by_name(self) -> Mapping[str, Tensor]:
        """The inputs, in order."""
        return {tensor.name: tensor for tensor in self.inputs}

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """The names of the outputs, in order."""
        return tuple(tensor.name for tensor in self.outputs)

    @cached_property
    def digest(self) -> str:
        """`sha256:<hex>` over the model's files and declared metadata; the sample and its answer are outside."""
        canonical = json.dumps(self._identity(), sort_keys=True, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(canonical.encode("ascii")).hexdigest()

    @property
    def model(self) -> Path:
        """The .onnx file; of a pipeline, the model's own."""
        return self.path / MODEL if self.path.is_dir() else self.path

    @property
    def size(self) -> int:
        """Bytes of all model files together."""
        return sum(file.size for file in self.files)

    def sample(self) -> dict[str, Any]:
        """The V2 infer request that the model must answer before it serves."""
        return _read_json(self.path / SAMPLE)

    def expected(self) -> dict[str, Any]:
        """The answer to `sample`: `outputs` as in a V2 response, and `tolerance` (relative, absolute).

        A bundle with a provenance has its measured `error` there, too: like the answer, it depends on the machine.
        """
        return _read_json(self.path / EXPECTED)

    def baseline(self) -> Baseline | None:
        """What the model's inputs and outputs are compared with, where the bundle says it; it is outside the digest.

        Raises:
            BundleError: it is malformed, or of another bundle.
        """
        file = self.path / BASELINE
        if not file.is_file():
            return None
        sides = ("input", self.inputs), ("output", self.outputs)
        known = {(side, tensor.name) for side, tensors in sides for tensor in tensors}
        try:
            return parse_baseline(_read_json(file), self.digest, known)
        except ValueError as error:
            raise BundleError(file, f"{error}.", RENEW) from error

    def write_manifest(self) -> None:
        """Write `bundle.json` into the bundle's folder."""
        text = json.dumps({"digest": self.digest, **self._identity()}, indent=2)
        (self.path / MANIFEST).write_text(text + "\n", encoding="utf-8")

    def _identity(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "metadata": {
                "inputs": [asdict(tensor) for tensor in self.inputs],
                "outputs": [asdict(tensor) for tensor in self.outputs],
                "opsets": dict(sorted(self.opsets.items())),
                "ir_version": self.ir_version,
                "precision": self.precision,
                **({"pipeline": [asdict(stage) for stage in self.pipeline]} if self.pipeline else {}),
                **({} if self.provenance is None else {"provenance": dict(self.provenance)}),
            },
            "files": [asdict(file) for file in sorted(self.files)],
        }


def load(path: Path | str) -> Bundle:
    """Read the bundle at `path`. Trusts the files it lists; `verify` does not.

    Raises:
        BundleError: `path` is no bundle, of another format, or its manifest contradicts its digest.
    """
    path = Path(path)
    if not (path / MANIFEST).is_file():
        raise BundleError(path, f"not a bundle: it has no {MANIFEST}.", REBUILD)
    manifest = _read_json(path / MANIFEST)
    if manifest.get("format") != FORMAT:
        problem = f"format {manifest.get('format')!r}, this version reads format {FORMAT}."
        raise BundleError(path / MANIFEST, problem, REBUILD)
    try:
        bundle = _parse(path, manifest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(path / MANIFEST, f"malformed: {error!r}.", REBUILD) from error
    if lost := {stage.path for stage in bundle.pipeline} - {file.path for file in bundle.files}:
        raise BundleError(path / MANIFEST, f"has no file for {', '.join(sorted(lost))}.", REBUILD)
    if outside := [file.path for file in bundle.files if not stays_inside(file.path)]:
        raise BundleError(path / MANIFEST, f"lists files outside the bundle: {', '.join(outside)}.", REBUILD)
    if bundle.digest != manifest.get("digest"):
        problem = f"says digest {manifest.get('digest')}, its content gives {bundle.digest}."
        raise BundleError(path / MANIFEST, problem, REBUILD)
    return bundle


def verify(path: Path | str) -> Bundle:
    """Read the bundle at `path` and compare every file with its record.

    Raises:
        BundleError: names everything that differs.
    """
    bundle = load(path)
    recorded = {file.path for file in bundle.files}
    present = (file for file in (bundle.path / "model").rglob("*") if file.is_file())
    unlisted = sorted({file.relative_to(bundle.path).as_posix() for file in present} - recorded)
    differences = [difference for file in bundle.files if (difference := file.difference(bundle.path))]
    differences += [f"{name}: not in {MANIFEST}" for name in unlisted]
    if differences:
        raise BundleError(bundle.path, "differs from its digest: " + "; ".join(differences) + ".", REBUILD)
    bundle.sample()
    bundle.expected()
    bundle.baseline()
    return bundle


def _parse(path: Path, manifest: dict[str, Any]) -> Bundle:
    metadata = manifest["metadata"]
    provenance = metadata.get("provenance")
    return Bundle(
        path=path,
        name=str(manifest["name"]),
        version=str(manifest["version"]),
        inputs=tuple(_tensor(entry) for entry in metadata["inputs"]),
        outputs=tuple(_tensor(entry) for entry in metadata["outputs"]),
        opsets=metadata["opsets"],
        ir_version=metadata["ir_version"],
        precision=metadata["precision"],
        files=tuple(ModelFile(**entry) for entry in manifest["files"]),
        pipeline=tuple(_stage(entry) for entry in metadata.get("pipeline", [])),
        provenance=None if provenance is None else dict(provenance),
    )


def _tensor(entry: dict[str, Any]) -> Tensor:
    return Tensor(entry["name"], entry["datatype"], tuple(entry["shape"]))


def _stage(entry: dict[str, Any]) -> Stage:
    return Stage(entry["path"], {name: Source(**source) for name, source in entry["takes"].items()})


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise BundleError(file, f"cannot be read: {error.strerror}.", REBUILD) from error
    except ValueError as error:
        raise BundleError(file, f"not JSON: {error}.", REBUILD) from error
    if not isinstance(content, dict):
        raise BundleError(file, "not a JSON object.", REBUILD)
    return cast("dict[str, Any]", content)
