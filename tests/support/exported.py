"""A program's resources as an export of its deployment has them, for the policy pack."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from support.program import Program
from support.referring import REFERENCE

Resolve = Callable[[str, str, str], str]
"""What stands for a reference, from that itself, the logical name and the output."""


def export(program: Program, resolve: Resolve) -> dict[str, Any]:
    """The deployment."""
    text = json.dumps({"deployment": {"resources": list(rows(program))}})
    return json.loads(REFERENCE.sub(lambda found: resolve(found[0], found[1], found[2]), text))


def rows(program: Program) -> Iterator[dict[str, Any]]:
    urns = {each.name: f"urn:pulumi:dev::test::{each.type}::{each.name}" for each in program.requests}
    for each in program.requests:
        depends = {
            name: [urns[urn.rpartition("::")[2]] for urn in found.urns]
            for name, found in each.propertyDependencies.items()
        }
        inputs = program.inputs[each.name]
        row = {"type": each.type, "urn": urns[each.name], "custom": each.custom, "propertyDependencies": depends}
        yield {**row, "inputs": inputs, "outputs": inputs}
