from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from modelport.bundle import load
from modelport.bundle.answer import difference
from modelport.providers import inputs as judged
from modelport.providers.crud import Changes, Failure, Say, Values

from .aws import AwsError
from .endpoint import LiveEndpoint, outputs_of
from .inputs import SmokeTestInputs


class SageMakerSmokeTest:
    """`modelport:sagemaker:SmokeTest`: an endpoint that has answered the sample of each of its models as it should.

    It waits for the endpoint, and asks again whenever that has another configuration. Inputs are the fields of
    `SmokeTestInputs`, and so are the outputs. The id is the region and the name of the endpoint. A run that was killed
    has changed nothing: the next one asks again.
    """

    kind = "modelport:sagemaker:SmokeTest"
    model = SmokeTestInputs
    inputs = judged.names(SmokeTestInputs)
    outputs: ClassVar = {}
    deletes_first = False

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        return judged.check(SmokeTestInputs, inputs)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`. Where the bundles lie, and how long it may take, is no change."""
        changed = tuple(name for name in ("region", "endpoint") if old.get(name) != new.get(name))
        again = (name for name in ("configuration", "digests") if old.get(name) != new.get(name))
        return Changes((*changed, *again), changed)

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`."""
        return dict(new)

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

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """See `Crud.update`."""
        return self.create(inputs, say)[1]

    def delete(self, id: str, outputs: Values, say: Say) -> None:
        """See `Crud.delete`. There is nothing."""


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
