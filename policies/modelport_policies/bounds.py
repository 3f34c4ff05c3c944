"""Bounds that are the same on every target: how many are enough, and how long."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.control import NotApplicable
from modelport_policies.resource import Resource

FEWEST = 2
"""With one more than one, something is there while another is lost, or taken back."""
LEAST_RETENTION = 180
"""Days that the EU AI Act has logs kept for."""


def asked_for(store: Resource) -> None:
    """Return where copies are asked for.

    Raises:
        NotApplicable: none are.
    """
    if store.parameters["copies"] < 1:
        raise NotApplicable("parameter copies asks for none")


def too_few(store: Resource, copies: int) -> Iterable[str]:
    """What is wrong with a number of copies."""
    if copies < (wanted := store.parameters["copies"]):
        yield f"there are {copies:g} copies elsewhere, not {wanted:g}"
