"""The provider ``pulumi`` that the engine itself plays: reading the outputs of other stacks."""

from collections.abc import Callable, Mapping
from typing import Any

from modelport_engine.plugins.provider import NO_DIFFERENCE, Difference, Found, ProviderError
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import UNKNOWN, Properties, contains_secret

TYPE = "pulumi:pulumi:StackReference"


class StackReferences:
    """Answers what a program asks of the package ``pulumi``: only reading a StackReference.

    `outputs_of` gives a stack's outputs by project and stack name, or None if there is no such stack; without it,
    nothing is known of other stacks.
    """

    offline = False

    def __init__(self, outputs_of: Callable[[str, str], Mapping[str, Any] | None] | None):
        self._outputs_of = outputs_of

    async def check_config(self, urn: Urn, olds: Properties, news: Properties) -> Properties:
        """It has no config."""
        return news

    async def diff_config(
        self, urn: Urn, old_inputs: Properties, old_outputs: Properties, news: Properties
    ) -> Difference:
        """It has no config."""
        return NO_DIFFERENCE

    async def configure(self, urn: Urn, id: str, inputs: Properties) -> None:
        """It has no config."""

    async def read(
        self, urn: Urn, id: str, inputs: Properties | None = None, outputs: Properties | None = None
    ) -> Found:
        """The outputs of the stack that `id` names: ``organization/PROJECT/STACK``, ``PROJECT/STACK`` or ``STACK``."""
        if urn.type != TYPE:
            raise ProviderError(f"{urn.type} is not supported by this engine; run the program with `pulumi up`")
        if self._outputs_of is None:
            return Found(id, inputs, {"name": id, "outputs": UNKNOWN, "secretOutputNames": UNKNOWN})
        *_, project, stack = [urn.project, *id.split("/")]
        found = self._outputs_of(project, stack)
        if found is None:
            raise ProviderError(f"unknown stack {id!r}: no state of it is in this backend")
        secret = sorted(key for key, value in found.items() if contains_secret(value))
        return Found(id, inputs, {"name": id, "outputs": dict(found), "secretOutputNames": secret})

    async def cancel(self) -> None:
        """Nothing is under way."""
