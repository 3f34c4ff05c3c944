"""A program's resources as an export of its deployment has them; what refers to a repository's address is one."""

from typing import Any

from support import exported
from support.aws.kinds import ACCOUNT, REGION
from support.aws.program import AwsProgram

REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def export(program: AwsProgram) -> dict[str, Any]:
    return exported.export(program, address)


def address(reference: str, name: str, output: str) -> str:
    return f"{REGISTRY}/{name}" if output == "repositoryUrl" else reference
