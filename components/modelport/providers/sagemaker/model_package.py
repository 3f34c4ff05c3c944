from __future__ import annotations

from typing import ClassVar

from modelport.providers import inputs as judged
from modelport.providers.crud import UNKNOWN, Changes, Failure, Say, Values

from .inputs import ModelPackageInputs
from .registry import DIGEST, Group

CHANGEABLE = ("approval", "metadata")


class SageMakerModelPackage:
    """`modelport:sagemaker:ModelPackage`: a version of a model in SageMaker's registry, with its approval.

    Pulumi's AWS provider has groups of packages, and no packages. Inputs are the fields of `ModelPackageInputs`; the
    outputs are these and `arn`, which is the id. A package of the same bundle that is there, and runs it so, is
    taken over.
    """

    kind = "modelport:sagemaker:ModelPackage"
    model = ModelPackageInputs
    inputs = judged.names(ModelPackageInputs)
    outputs: ClassVar = {"arn": "string"}
    deletes_first = False

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        return judged.check(ModelPackageInputs, inputs)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`. What a package runs never changes: another model is another version."""
        ignored = (*CHANGEABLE, "description", "tags")
        replaced = tuple(name for name in self.inputs if name not in ignored and old.get(name) != new.get(name))
        return Changes((*replaced, *(name for name in CHANGEABLE if old.get(name) != new.get(name))), replaced)

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`."""
        return {**new, "arn": old.get("arn", UNKNOWN)}

    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """See `Crud.create`."""
        wanted = ModelPackageInputs.model_validate(inputs)
        group = Group(wanted.region, wanted.group)
        group.ensure(wanted.tags)
        if arn := group.find(wanted):
            group.change(arn, wanted)
        else:
            arn = group.add(wanted)
        return arn, {**wanted.values(), "arn": arn}

    def read(self, id: str, outputs: Values) -> Values | None:
        """See `Crud.read`."""
        found = Group(outputs["region"], outputs["group"]).described(id)
        if found is None:
            return None
        known = {key: value for key, value in found.get("CustomerMetadataProperties", {}).items() if key != DIGEST}
        return {**outputs, "approval": found["ModelApprovalStatus"], "metadata": known}

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """See `Crud.update`."""
        wanted = ModelPackageInputs.model_validate(inputs)
        Group(wanted.region, wanted.group).change(id, wanted)
        return {**wanted.values(), "arn": id}

    def delete(self, id: str, outputs: Values, say: Say) -> None:
        """See `Crud.delete`. The group goes with its last package."""
        Group(outputs["region"], outputs["group"]).remove(id)
