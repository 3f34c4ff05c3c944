from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from modelport.bundle import Bundle, BundleError, load
from modelport.bundle.errors import surfaced
from modelport.bundle.transfer import BESIDE, MANIFEST, ModelFile, SourceError, verify
from modelport.errors import ModelportError
from modelport.providers import inputs as judged
from modelport.providers.crud import UNKNOWN, Changes, Failure, Say, Values

from .archive import ARCHIVE, pack
from .changes import changes
from .image import IMPORT
from .inputs import BundleInputs
from .progress import Progress
from .stores import open_shelf
from .stores.oci import address

OCI = "oci://"


class ArtifactBundle:
    """`modelport:artifact:Bundle`: a model bundle in a store, from which servers take it.

    Inputs are the fields of `BundleInputs`; the outputs are these, `uri`, the source that a server is given, `size` in
    bytes, and `contents`, the sha256 of each file. The id is the first URI. `bundle.json` comes last: a server never
    reads half a bundle. What is there is not sent, and what a killed run has sent is not sent again. With `packed` the
    one file is an archive, and the URI is that of it.
    """

    kind = "modelport:artifact:Bundle"
    model = BundleInputs
    inputs = judged.names(BundleInputs)
    outputs: ClassVar = {"uri": "string", "size": "integer", "contents": "map"}
    deletes_first = False

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        return judged.check(BundleInputs, inputs)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`. The digest says what the bundle is; from where it came does not matter."""
        return changes(
            old, new, replacing=("target", "digest", "packed"), other=("revision", "region", "prune", "tags")
        )

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`. What a bundle that is here will be is known, also its address in a registry."""
        same = old if old.get("revision") == new.get("revision") else {}
        parts = {name: same.get(name, UNKNOWN) for name in self.outputs}
        target, digest, folder = new["target"], new["digest"], new["bundle"]
        if UNKNOWN not in (target, digest) and not target.startswith(OCI):
            parts["uri"] = _uri(f"{target.rstrip('/')}/{_hex(digest)}", new)
        elif UNKNOWN not in (target, digest, folder):
            with suppress(BundleError, OSError):  # which creating it will tell
                parts["uri"] = address(target.removeprefix(OCI), _files(load(folder)))
        return {**new, **parts}

    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """See `Crud.create`."""
        wanted = BundleInputs.model_validate(inputs)
        with surfaced(), _content(wanted) as (root, files):
            size = sum(file.size for file in files)
            progress = Progress(f"bundle {_hex(wanted.digest)[:12]}", size, say)
            shelf = open_shelf(wanted.target, wanted.digest, wanted.region)
            for file in files:
                if not shelf.holds(file.path, file.sha256):
                    shelf.put(file, root / file.path, progress, say)
                    if not shelf.holds(file.path, file.sha256):
                        raise SourceError(wanted.target, f"has not kept {file.path}.", "Look who else writes there.")
            outputs = wanted.values()
            uri = _uri(shelf.finish(files, say), outputs)
        contents = {file.path: file.sha256 for file in files}
        return uri, {**outputs, "uri": uri, "size": size, "contents": contents}

    def read(self, id: str, outputs: Values) -> Values | None:
        """See `Crud.read`. A bundle that lacks a file is gone: it is made whole by being made again."""
        if "digest" not in outputs:
            raise ModelportError(f"{id}\n  {IMPORT}")
        with surfaced():
            shelf = open_shelf(outputs["target"], outputs["digest"], outputs.get("region"))
            return outputs if shelf.intact(outputs["uri"], outputs["contents"]) else None

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """See `Crud.update`."""
        return self.create(inputs, say)[1]

    def delete(self, id: str, outputs: Values, say: Say) -> None:
        """See `Crud.delete`. It stays, as others may serve it, unless `prune` says otherwise."""
        if outputs.get("prune"):
            with surfaced():
                shelf = open_shelf(outputs["target"], outputs["digest"], outputs.get("region"))
                shelf.remove(outputs["uri"], reversed(list(outputs["contents"])))


@contextmanager
def _content(wanted: BundleInputs) -> Iterator[tuple[Path, list[ModelFile]]]:
    """The folder and the files of it that come to the store.

    Raises:
        BundleError: it is another bundle, or damaged.
    """
    bundle = _verified(wanted)
    files = list(_files(bundle))
    if not wanted.packed:
        yield bundle.path, files
        return
    with TemporaryDirectory() as folder:
        yield Path(folder), [pack(bundle.path, files, Path(folder, ARCHIVE))]


def _uri(folder: str, inputs: Values) -> str:
    return f"{folder}/{ARCHIVE}" if inputs.get("packed") else folder


def _verified(wanted: BundleInputs) -> Bundle:
    """The bundle.

    Raises:
        BundleError: it is another one, or damaged.
    """
    bundle = verify(wanted.bundle)
    if bundle.digest != wanted.digest:
        problem = f"holds {bundle.digest}, wanted is {wanted.digest}."
        raise SourceError(wanted.bundle, problem, "Correct the digest, or build the bundle again.")
    return bundle


def _files(bundle: Bundle) -> Iterator[ModelFile]:
    """The files of a bundle, its manifest last."""
    yield from bundle.files
    beside = [name for name in BESIDE if (bundle.path / name).is_file()]
    for name in (*beside, MANIFEST):
        yield ModelFile.of(Path(bundle.path, name), name)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
