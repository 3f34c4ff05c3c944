"""For the tests of rules: what a control says about resources that are written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from modelport_policies.control import Control, Outcome
from modelport_policies.review import stack_of

__all__ = ["UNKNOWN", "Given", "judged"]

UNKNOWN = UNKNOWN_STRING_VALUE
"""In place of a value that is not known before the run."""


@dataclass(frozen=True)
class Given:
    """A resource of a test.

    Attributes:
        depends: by property, the names of the other resources that it is made from.
    """

    type: str
    inputs: Mapping[str, Any]
    name: str = "resource"
    depends: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        """Its URN, in the stack `test` of the project `rules`."""
        return f"urn:pulumi:test::rules::{self.type}::{self.name}"


def judged(control: Control, resource: Given, *others: Given, parameters: Mapping[str, Any] | None = None) -> Outcome:
    """What a control says about a resource in the stack of this and the others.

    Args:
        parameters: values of the control's parameters; the others have their defaults.
    """
    urns = {each.name: each.urn for each in (resource, *others)}
    rows = [
        {
            "type": each.type,
            "urn": each.urn,
            "inputs": dict(each.inputs),
            "propertyDependencies": {key: [urns[name] for name in names] for key, names in each.depends.items()},
        }
        for each in (resource, *others)
    ]
    return control.evaluate(stack_of({"deployment": {"resources": rows}})[0], parameters)
