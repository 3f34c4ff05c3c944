from __future__ import annotations

from typing import ClassVar

from modelport.bundle.errors import surfaced
from modelport.bundle.transfer import SourceError
from modelport.errors import ModelportError
from modelport.providers import inputs as judged
from modelport.providers.crud import UNKNOWN, Changes, Failure, Say, Values

from .changes import changes
from .copy import bring, examine, open_source
from .inputs import ImageInputs
from .reference import Reference, is_layout
from .repository import Repository

IMPORT = "cannot be imported. Declare it: what is there is adopted, and nothing is sent."


class ArtifactImage:
    """`modelport:artifact:Image`: a container image in a registry, copied there by digest.

    Inputs are the fields of `ImageInputs`; the outputs are these, `reference`, `platforms` and `size`. The id is the
    reference. What is there is not sent, and what a run that was killed has sent is not sent again.
    """

    kind = "modelport:artifact:Image"
    model = ImageInputs
    inputs = judged.names(ImageInputs)
    outputs: ClassVar = {"reference": "string", "platforms": "strings", "size": "integer"}
    deletes_first = False

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        checked, failures = judged.check(ImageInputs, inputs)
        return checked, failures or _failures(checked)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`. The digest says what the image is; from where it came does not matter."""
        return changes(old, new, replacing=("repository", "digest"), other=("tag", "prune", "tags", "platform"))

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`."""
        known = UNKNOWN not in (new["repository"], new["digest"])
        parts = {name: old.get(name, UNKNOWN) for name in ("platforms", "size")}
        return {**new, **parts, "reference": f"{new['repository']}@{new['digest']}" if known else UNKNOWN}

    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """See `Crud.create`."""
        wanted = ImageInputs.model_validate(inputs)
        with surfaced():
            target = Repository(Reference.parse(wanted.repository), write=True)
            image = bring(wanted.source, wanted.digest, target, _tag(wanted), wanted.platform, say)
        outputs = {"reference": wanted.reference, "platforms": list(image.platforms), "size": image.size}
        return wanted.reference, {**wanted.values(), **outputs}

    def read(self, id: str, outputs: Values) -> Values | None:
        """See `Crud.read`. A tag that is gone or bears another image is one that has to be set again."""
        if "digest" not in outputs:
            raise ModelportError(f"{id}\n  {IMPORT}")
        with surfaced():
            repository = Repository(Reference.parse(outputs["repository"]))
            if repository.tagged(outputs["digest"]) is None:
                return None
            tag = _tag(ImageInputs.model_validate({name: outputs[name] for name in self.inputs if name in outputs}))
            if repository.tagged(tag) != outputs["digest"]:
                return {**outputs, "tag": ""}
        return outputs

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """See `Crud.update`."""
        return self.create(inputs, say)[1]

    def delete(self, id: str, outputs: Values, say: Say) -> None:
        """See `Crud.delete`. It stays, as others may run it, unless `prune` says otherwise."""
        if outputs.get("prune"):
            with surfaced():
                repository = Repository(Reference.parse(outputs["repository"]), write=True)
                repository.delete_manifest(outputs["digest"])


def _failures(inputs: Values) -> list[Failure]:
    """What a folder shows at once; a registry is not asked before something is made."""
    source, digest, platform = (inputs.get(name) for name in ("source", "digest", "platform"))
    if platform and is_layout(str(source)) and UNKNOWN not in (digest, platform):
        try:
            examine(open_source(str(source)), digest, platform)
        except SourceError as error:
            return [Failure("source", str(error))]
    return []


def _tag(wanted: ImageInputs) -> str:
    return wanted.tag or wanted.digest.removeprefix("sha256:")
