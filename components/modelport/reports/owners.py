"""Whose a resource of a plan is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

SERVICE = "modelport:index:ModelService"

Row = Mapping[str, Any]
"""A resource as in a deployment export."""


class Owner(NamedTuple):
    """Whose a resource is: a service's on a target; of the stack itself where both are empty."""

    service: str
    target: str


def owners_of(rows: Sequence[Row]) -> dict[str, Owner]:
    """The service and target of every resource, from the components that it is within."""
    parents = {row["urn"]: row.get("parent", "") for row in rows}
    kinds = {row["urn"]: row["type"] for row in rows}
    return {urn: _owner(urn, parents, kinds) for urn in parents}


def _owner(urn: str, parents: Mapping[str, str], kinds: Mapping[str, str]) -> Owner:
    service = target = ""
    while urn in parents:
        kind, name = kinds[urn], urn.rpartition("::")[2]
        if kind == SERVICE:
            service = name
        elif kind.startswith("modelport:") and kind.endswith(":Service"):
            target = kind.split(":")[1]
            service = service or name.removesuffix(f"-{target}")
        urn = parents[urn]
    return Owner(service, target) if service and target else Owner("", "")
