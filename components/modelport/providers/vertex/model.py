from __future__ import annotations

import re
from typing import ClassVar

from modelport.providers import inputs as judged
from modelport.providers.crud import UNKNOWN, Changes, Failure, Say, Values

from .google import GoogleError, patiently
from .inputs import ModelInputs, validated
from .registry import Versions, own_aliases

CHANGEABLE = ("displayName", "versionDescription", "labels", "versionAliases")
IGNORED = ("seconds",)
MADE_OF = (*CHANGEABLE[:3], "containerSpec", "artifactUri", "encryptionSpec")
ID = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/models/(?P<name>[^/@]+)@(?P<version>[^/]+)")


class VertexModel:
    """`modelport:vertex:Model`: a version of a model in the registry of Vertex AI, with its container.

    Pulumi's provider for Google has no such thing. Inputs are the fields of `ModelInputs`; the outputs are these,
    `versionId` and `versionName`, which is the id: `projects/P/locations/L/models/M@V`. A version of the same
    files, image and settings that is there is taken over; another one comes beside it, and what it replaces goes.
    """

    kind = "modelport:vertex:Model"
    model = ModelInputs
    inputs = judged.names(ModelInputs)
    outputs: ClassVar = {"versionId": "string", "versionName": "string"}
    deletes_first = False

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        return judged.check(ModelInputs, inputs)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`. What a version runs never changes: another one is another version."""
        changed = [name for name in self.inputs if name not in IGNORED and old.get(name) != new.get(name)]
        return Changes(tuple(changed), tuple(name for name in changed if name not in CHANGEABLE))

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`."""
        return {**new, **{name: old.get(name, UNKNOWN) for name in self.outputs}}

    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """See `Crud.create`."""
        wanted = ModelInputs.model_validate(inputs)
        versions = Versions(wanted.project, wanted.location, wanted.model_id)
        version = patiently(lambda: versions.find(wanted, say) or versions.upload(wanted, say))
        patiently(lambda: versions.change(version, wanted))
        outputs = _outputs(wanted, versions, version)
        return str(outputs["versionName"]), outputs

    def read(self, id: str, outputs: Values) -> Values | None:
        """See `Crud.read`."""
        versions, version = _of(id)
        found = versions.described(version)
        if found is None or outputs.get("artifactUri", found["artifactUri"]) != found["artifactUri"]:
            return None
        fixed = {name: outputs[name] for name in self.inputs if name in outputs and name not in CHANGEABLE}
        return _outputs(validated(ModelInputs, id, {**_seen(versions, found, outputs), **fixed}), versions, version)

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """See `Crud.update`."""
        wanted, (versions, version) = ModelInputs.model_validate(inputs), _of(id)
        patiently(lambda: versions.change(version, wanted))
        return _outputs(wanted, versions, version)

    def delete(self, id: str, outputs: Values, say: Say) -> None:
        """See `Crud.delete`. The model goes with its last version."""
        versions, version = _of(id)
        patiently(lambda: versions.remove(version, outputs["seconds"], say))


def _of(id: str) -> tuple[Versions, str]:
    """The model and the version that an id names."""
    if not (found := ID.fullmatch(id)):
        raise GoogleError(id, "is no version of a model: projects/PROJECT/locations/REGION/models/NAME@VERSION")
    return Versions(found["project"], found["location"], found["name"]), found["version"]


def _seen(versions: Versions, found: Values, outputs: Values) -> Values:
    """The inputs that would make a version that is there. Its aliases are in no order."""
    aliases, before = own_aliases(found), outputs.get("versionAliases", [])
    said = {name: found[name] for name in MADE_OF if name in found}
    where = {"project": versions.project, "location": versions.location, "modelId": versions.name}
    return {**said, **where, "versionAliases": before if sorted(before) == aliases else aliases}


def _outputs(wanted: ModelInputs, versions: Versions, version: str) -> Values:
    return {**wanted.values(), "versionId": version, "versionName": f"{versions.model}@{version}"}
