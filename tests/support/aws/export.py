"""A program's resources as an export of its deployment has them, for the policy pack."""

import json
from collections.abc import Iterator
from typing import Any

from support.aws.kinds import ACCOUNT, REGION
from support.aws.program import REFERENCE, AwsProgram

REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def export(program: AwsProgram) -> dict[str, Any]:
    """The deployment; what refers to a repository's address is one."""
    text = json.dumps({"deployment": {"resources": list(rows(program))}})
    return json.loads(REFERENCE.sub(lambda found: address(found[0], found[1], found[2]), text))


def rows(program: AwsProgram) -> Iterator[dict[str, Any]]:
    urns = {each.name: f"urn:pulumi:dev::test::{each.type}::{each.name}" for each in program.requests}
    for each in program.requests:
        depends = {
            name: [urns[urn.rpartition("::")[2]] for urn in found.urns]
            for name, found in each.propertyDependencies.items()
        }
        inputs = program.inputs[each.name]
        row = {"type": each.type, "urn": urns[each.name], "custom": each.custom, "propertyDependencies": depends}
        yield {**row, "inputs": inputs, "outputs": inputs}


def address(reference: str, name: str, output: str) -> str:
    return f"{REGISTRY}/{name}" if output == "repositoryUrl" else reference
