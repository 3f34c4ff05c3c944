from __future__ import annotations

from modelport.providers import inputs as judged
from modelport.providers.crud import Say, Values

from .endpoint import LiveEndpoint
from .inputs import WeightsInputs
from .serving import WhileServing


class SageMakerWeights(WhileServing):
    """`modelport:sagemaker:Weights`: how the requests to an endpoint are divided among its variants.

    Its instances stay as they are. An endpoint that gets another configuration begins with the weights in there, and
    these are set again. Inputs are the fields of `WeightsInputs`. A run that was killed has set them or not: the next
    one looks, and sets what differs.
    """

    kind = "modelport:sagemaker:Weights"
    model = WeightsInputs
    inputs = judged.names(WeightsInputs)
    repeating = "weights"

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
