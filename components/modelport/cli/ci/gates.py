"""What of a pull request is enough to fail its check."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from modelport.cli.errors import FAILED, OK, POLICY, REFUSED, USAGE, UsageError
from modelport.spec import did_you_mean

Gate = Literal["wrong", "refused", "violation", "failed", "replaced", "interrupted", "deleted", "breaking", "undecided"]
Answer = Literal["fail", "report"]
FILE = Path("policies", "gates.yaml")
"""In a project; without it the gates are as below."""

DEFAULTS: dict[Gate, Answer] = {
    "wrong": "fail",
    "refused": "fail",
    "violation": "fail",
    "failed": "fail",
    "replaced": "fail",
    "interrupted": "report",
    "deleted": "report",
    "breaking": "report",
    "undecided": "report",
}
CODES: dict[Gate, int] = {"wrong": USAGE, "refused": REFUSED, "violation": POLICY}
PRECEDENCE = (USAGE, REFUSED, POLICY, FAILED)


def read_gates(project: Path) -> dict[Gate, Answer]:
    """The gates of a project: what its file says, over the defaults.

    Raises:
        UsageError: the file has another gate or answer, or neither.
    """
    from modelport_engine.projects import yaml

    file = project / FILE
    try:
        given = yaml.load(file) if file.exists() else {}
    except yaml.YamlError as error:
        raise UsageError(f"{error}\n  A line of it is GATE: fail or report.") from None
    for gate, answer in given.items():
        if gate not in DEFAULTS:
            raise UsageError(f"{file}  {gate}\n  no such gate. {did_you_mean(str(gate), list(DEFAULTS))}")
        if answer not in get_args(Answer):
            raise UsageError(f"{file}  {gate}: {answer}\n  allowed: {', '.join(get_args(Answer))}")
    return {gate: given.get(gate, answer) for gate, answer in DEFAULTS.items()}


def exit_code(gates: dict[Gate, Answer], found: set[Gate]) -> int:
    """What the command exits with: wrong config before refused before policy before any other gate that fails."""
    codes = {CODES.get(gate, FAILED) for gate in found if gates[gate] == "fail"}
    return next((code for code in PRECEDENCE if code in codes), OK)
