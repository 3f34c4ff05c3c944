"""A program's resources as an export of its deployment has them."""

from typing import Any

from support import exported
from support.gcp.program import GcpProgram


def export(program: GcpProgram) -> dict[str, Any]:
    return exported.export(program, lambda reference, name, output: reference)
