"""What the plugin asks of each own resource, in plain Python values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pulumi.runtime.rpc import UNKNOWN
from pydantic import BaseModel

__all__ = ["UNKNOWN", "Changes", "Crud", "Failure", "Say", "Values"]

Values = Mapping[str, Any]
"""Inputs or outputs by camelCase name; in a preview, what is not known yet is `UNKNOWN`."""

Say = Callable[[str], None]
"""Tells the user what is being waited for."""


@dataclass(frozen=True)
class Failure:
    """An input that cannot be used. `reason` is a sentence."""

    property: str
    reason: str


@dataclass(frozen=True)
class Changes:
    """Inputs that differ from the state, and those among them that only a new resource can take."""

    properties: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


class Crud(Protocol):
    """One kind of resource. Every method may be called again after a run was killed in the middle of it.

    Errors of `create`, `read`, `update` and `delete` are `ModelportError`.
    """

    kind: str
    """Type token."""

    model: type[BaseModel]
    """Type of the inputs."""

    inputs: tuple[str, ...]
    """Names of the inputs, in order."""

    outputs: Mapping[str, str]
    """What the outputs have besides the inputs, each with its JSON type; one that may be absent ends with `?`."""

    deletes_first: bool
    """Whether a replaced one has to go before the new one can come."""

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """The inputs with their defaults, and what is wrong with them; touches nothing, draws nothing at random."""

    def diff(self, old: Values, new: Values) -> Changes:
        """Compare the outputs in the state with new inputs; touches nothing."""

    def plan(self, old: Values, new: Values) -> Values:
        """Outputs as a preview shows them, for an update of `old` or, when it is empty, a creation; touches nothing."""

    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """Make it, or adopt what an earlier run made; gives its id and outputs."""

    def read(self, id: str, outputs: Values) -> Values | None:
        """Outputs as they really are, or None when it is gone."""

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """Change it to the inputs; gives the outputs. On an error it is as it was."""

    def delete(self, id: str, outputs: Values, say: Say) -> None:
        """Remove it; fine when it is gone."""
