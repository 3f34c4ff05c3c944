from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from types import ModuleType

from modelport.conformance.check import Check, Failed, Result, tried
from modelport.conformance.session import Session
from modelport.conformance.subject import Subject

WIRES = {
    "v2": ("v2", "v2_binary"),
    "v2-grpc": ("v2_grpc",),
    "v1": ("v1",),
    "sagemaker": ("sagemaker",),
    "vertex": ("vertex",),
    "azureml": ("azureml",),
}
"""The modules that hold a wire's checks; the first one tells whether a server speaks it."""


def checks(wire: str) -> list[Check]:
    """Every check of a wire; the one whether the server has survived them comes last."""
    found = [check for module in _modules(wire) for check in module.CHECKS]
    return sorted(found, key=lambda check: check.id.endswith(".survives"))


def spoken(session: Session) -> list[str]:
    """The wires that a server seems to speak."""
    return [wire for wire in WIRES if _seems_to_speak(session, wire)]


def judge(session: Session, wires: Sequence[str]) -> Iterator[Result]:
    """What comes of each check of these wires, as it is tried."""
    for wire in wires:
        yield from tried(checks(wire), session)


def subject_of_server(session: Session, name: str | None) -> Subject | None:
    """The model that a server says it serves, of this name or the only one that it lists; None where it says none."""
    try:
        if name is None:
            names = session.client.get("/v1/models").object().get("models") or []
            if len(names) != 1 or not isinstance(names[0], str):
                return None
            name = names[0]
        return Subject.of_metadata(session.client.get(f"/v2/models/{name}").object())
    except (Failed, KeyError):
        return None


def _seems_to_speak(session: Session, wire: str) -> bool:
    try:
        return bool(_modules(wire)[0].is_spoken(session))
    except Failed:
        return False


def _modules(wire: str) -> list[ModuleType]:
    return [import_module(f"modelport.conformance.{name}") for name in WIRES[wire]]
