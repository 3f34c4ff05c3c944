"""What a pull request would do to the resources of a service, and what that is to those who ask it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["create", "in place", "may replace", "replaces", "delete"]
Interrupted = Literal["no", "maybe", "yes"]


@dataclass(frozen=True)
class Change:
    """One resource that is other than before.

    Attributes:
        fields: the paths of its inputs that differ; empty where it is created or deleted.
        source: who says that it is replaced or not; empty where it is created or deleted.
    """

    urn: str
    type: str
    name: str
    kind: Kind
    fields: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Effect:
    """What the changes of a service on a target are to its callers.

    Attributes:
        interrupted: whether requests are lost or refused meanwhile.
        rollout: how the change comes about, in words.
        way_back: how it is undone, in words.
    """

    interrupted: Interrupted
    rollout: str
    way_back: str


Effects = Callable[[Sequence[Change]], Effect]
"""What a target knows of the changes of one service."""

REVERT = "revert the change and run up"


def unknown_effect(changes: Sequence[Change]) -> Effect:
    """Of a target that knows nothing of it."""
    if all(each.kind == "create" for each in changes):
        return Effect("no", "everything is new", "run destroy, or take the service out of the stack")
    return Effect("maybe", "not known for this target", REVERT)


def of_type(changes: Sequence[Change], *types: str) -> list[Change]:
    """The changes of resources of these types."""
    return [each for each in changes if each.type in types]
