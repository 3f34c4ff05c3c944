from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from modelport.providers import inputs as judged
from modelport.providers.crud import Changes, Failure, Say, Values

from .inputs import EndpointInputs


class WhileServing(ABC):
    """What is done with an endpoint that serves, and again whenever it has another configuration.

    The id is the region and the name of the endpoint, and the outputs are the inputs.

    Attributes:
        model: the inputs.
        repeating: those whose change has it done again, beside the configuration.
    """

    model: ClassVar[type[EndpointInputs]]
    repeating: ClassVar[str]
    outputs: ClassVar = {}
    deletes_first = False

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        return judged.check(self.model, inputs)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`. Whatever else differs, such as how long it may take, is no change."""
        replaced = tuple(name for name in ("region", "endpoint") if old.get(name) != new.get(name))
        again = (name for name in ("configuration", self.repeating) if old.get(name) != new.get(name))
        return Changes((*replaced, *again), replaced)

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`."""
        return dict(new)

    @abstractmethod
    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """See `Crud.create`."""

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """See `Crud.update`."""
        return self.create(inputs, say)[1]

    def delete(self, id: str, outputs: Values, say: Say) -> None:  # noqa: B027  nothing is what there is to do
        """See `Crud.delete`. There is nothing that would outlive the endpoint."""
