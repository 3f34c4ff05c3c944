from __future__ import annotations

from typing import ClassVar

from modelport.providers import inputs as judged
from modelport.providers.crud import Changes, Failure, Say, Values

from .aws import client
from .endpoint import LiveEndpoint
from .inputs import VariantsInputs

SAGEMAKER = "sagemaker"


class SageMakerVariants:
    """`modelport:sagemaker:Variants`: those that an endpoint is about to have.

    SageMaker lets no variant go, or have another instance type, whose number of instances follows the load, and Pulumi
    would end that only after the endpoint's update: https://github.com/hashicorp/terraform-provider-aws/issues/14337.
    Here it ends before, and the variant keeps the instances that it has. Inputs are the fields of `VariantsInputs`, the
    id is the region and the name of the endpoint. A run that was killed has ended it or not: the next one looks.
    """

    kind = "modelport:sagemaker:Variants"
    model = VariantsInputs
    inputs = judged.names(VariantsInputs)
    outputs: ClassVar = {}
    deletes_first = False

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        return judged.check(VariantsInputs, inputs)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`."""
        changed = tuple(name for name in self.inputs if old.get(name) != new.get(name))
        return Changes(changed, tuple(name for name in changed if name != "variants"))

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`."""
        return dict(new)

    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """See `Crud.create`."""
        wanted = VariantsInputs.model_validate(inputs)
        there = LiveEndpoint(wanted.region, wanted.endpoint).machines()
        if going := [name for name, machine in there.items() if wanted.variants.get(name) != machine]:
            _end_scaling(wanted, going, say)
        return f"{wanted.region}/{wanted.endpoint}", wanted.values()

    def read(self, id: str, outputs: Values) -> Values | None:
        """See `Crud.read`. It is what is wanted, and nothing that AWS knows."""
        return outputs

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """See `Crud.update`."""
        return self.create(inputs, say)[1]

    def delete(self, id: str, outputs: Values, say: Say) -> None:
        """See `Crud.delete`. SageMaker itself ends the scaling of an endpoint that goes."""


def _end_scaling(wanted: VariantsInputs, going: list[str], say: Say) -> None:
    names = {f"endpoint/{wanted.endpoint}/variant/{name}": name for name in going}
    with client("application-autoscaling", wanted.region, wanted.endpoint) as scaling:
        following = scaling.describe_scalable_targets(ServiceNamespace=SAGEMAKER, ResourceIds=[*names])
        for target in following["ScalableTargets"]:
            of = {name: target[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
            scaling.deregister_scalable_target(**of)
            name = names[target["ResourceId"]]
            what = "gets other instances" if name in wanted.variants else "is going"
            say(f"endpoint {wanted.endpoint}: {name} {what}, and follows no load meanwhile")
