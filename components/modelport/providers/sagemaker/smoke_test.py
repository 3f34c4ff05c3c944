from __future__ import annotations

from pathlib import Path

from modelport.bundle import load
from modelport.bundle.answer import difference
from modelport.providers import inputs as judged
from modelport.providers.crud import Say, Values

from .aws import AwsError
from .endpoint import LiveEndpoint, outputs_of
from .inputs import SmokeTestInputs
from .serving import WhileServing


class SageMakerSmokeTest(WhileServing):
    """`modelport:sagemaker:SmokeTest`: an endpoint that has answered the sample of each of its models as it should.

    It waits for the endpoint, and asks again whenever that has another configuration. Inputs are the fields of
    `SmokeTestInputs`. A run that was killed has changed nothing: the next one asks again.
    """

    kind = "modelport:sagemaker:SmokeTest"
    model = SmokeTestInputs
    inputs = judged.names(SmokeTestInputs)
    repeating = "digests"

    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """See `Crud.create`."""
        wanted = SmokeTestInputs.model_validate(inputs)
        live = LiveEndpoint(wanted.region, wanted.endpoint)
        live.wait(wanted.configuration, wanted.seconds, say)
        for variant, folder in wanted.bundles.items():
            _ask(live, variant, folder)
            say(f"endpoint {wanted.endpoint}: {variant} has answered its sample")
        return f"{wanted.region}/{wanted.endpoint}", wanted.values()

    def read(self, id: str, outputs: Values) -> Values | None:
        """See `Crud.read`. An endpoint that has another configuration has not been asked."""
        found = LiveEndpoint(outputs["region"], outputs["endpoint"]).described()
        return outputs if found and found["EndpointConfigName"] == outputs["configuration"] else None


def _ask(live: LiveEndpoint, variant: str, folder: Path) -> None:
    """Send a variant the sample of its bundle.

    Raises:
        EndpointFailed: it does not answer, or not as the bundle says.
    """
    bundle = load(folder)
    try:
        answer = live.ask((bundle.path / "sample.json").read_bytes(), variant)
        problem = difference(bundle, outputs_of(answer))
    except (AwsError, ValueError) as error:
        said = error.problem if isinstance(error, AwsError) else error
        raise live.failed(f"{variant} does not answer its sample: {said}") from error
    if problem:
        raise live.failed(f"{variant} answers its sample wrongly: {problem}")
