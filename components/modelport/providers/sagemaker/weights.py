from __future__ import annotations

from typing import ClassVar

from modelport.providers import inputs as judged
from modelport.providers.crud import Changes, Failure, Say, Values

from .endpoint import LiveEndpoint
from .inputs import WeightsInputs


class SageMakerWeights:
    """`modelport:sagemaker:Weights`: how the requests to an endpoint are divided among its variants.

    Its instances stay as they are. An endpoint that gets another configuration begins with the weights in there, and
    these are set again. Inputs are the fields of `WeightsInputs`, and so are the outputs. The id is the region and the
    name of the endpoint. A run that was killed has set them or not: the next one looks, and sets what differs.
    """

    kind = "modelport:sagemaker:Weights"
    model = WeightsInputs
    inputs = judged.names(WeightsInputs)
    outputs: ClassVar = {}
    deletes_first = False

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        return judged.check(WeightsInputs, inputs)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`. How long it may take is no change."""
        changed = tuple(name for name in ("region", "endpoint") if old.get(name) != new.get(name))
        again = (name for name in ("configuration", "weights") if old.get(name) != new.get(name))
        return Changes((*changed, *again), changed)

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`."""
        return dict(new)

    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """See `Crud.create`."""
        wanted = WeightsInputs.model_validate(inputs)
        live = LiveEndpoint(wanted.region, wanted.endpoint)
        live.wait(wanted.configuration, wanted.seconds, say)
        if live.weights() != wanted.weights:
            live.divide(wanted.weights)
            live.wait(wanted.configuration, wanted.seconds, say)
        shares = ", ".join(f"{variant} {weight}" for variant, weight in wanted.weights.items())
        say(f"endpoint {wanted.endpoint} divides its requests: {shares}")
        return f"{wanted.region}/{wanted.endpoint}", wanted.values()

    def read(self, id: str, outputs: Values) -> Values | None:
        """See `Crud.read`. An endpoint that has another configuration has the weights of that."""
        live = LiveEndpoint(outputs["region"], outputs["endpoint"])
        found = live.described()
        if not found or found["EndpointConfigName"] != outputs["configuration"]:
            return None
        return {**outputs, "weights": live.weights()}

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """See `Crud.update`."""
        return self.create(inputs, say)[1]

    def delete(self, id: str, outputs: Values, say: Say) -> None:
        """See `Crud.delete`. The endpoint goes by itself, or gets a configuration with weights of its own."""
