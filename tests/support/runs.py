"""Runs of Pulumi's own engine: state before and after, and what it asked of the provider."""

import gzip
import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from support.normalised import normal, without_empty

from modelport_engine.protocol.values import from_state, show, strip_secrets, to_state
from modelport_engine.state.secrets import Secrets

RECORDINGS = Path(__file__).parent.parent / "engine" / "recordings" / "runs.json.gz"


@cache
def recorded_runs() -> dict[str, dict[str, Any]]:
    runs: dict[str, dict[str, Any]] = json.loads(gzip.decompress(RECORDINGS.read_bytes()))
    return runs


def comparable_resources(deployment: dict[str, Any], *, secrecy: bool = True) -> dict[str, Any]:
    """Resources by URN and by whether they are to be deleted, with secrets in the open and without what may differ.

    Without `secrecy` a secret equals its value.
    """
    secrets = Secrets("x", deployment["secrets_providers"]["state"]["salt"])
    opened = [_opened(entry, secrets, secrecy) for entry in deployment.get("resources") or ()]
    for entry in opened:
        for urns in (entry.get("dependencies", []), *entry.get("propertyDependencies", {}).values()):
            urns.sort()
    return {f"{entry['urn']} {entry.get('delete', False)}": entry for entry in opened}


def comparable_calls(calls: list[Any]) -> dict[str, list[Any]]:
    """For each resource, what the provider was asked, in order."""
    by_urn = defaultdict(list)
    for method, request, *_ in calls:
        about = request.get("urn") or request.get("tok") or f"{request['type']}::{request['name']}"
        by_urn[about].append((method, comparable(request)))
    return dict(by_urn)


def orders(calls: list[Any], *states: dict[str, Any] | None) -> set[tuple[str, str, str]]:
    """What happened before what along the edges of the states: `(needed, dependent, made | deleted)`.

    Made: every call for the needed one had ended before any for its dependent began. Deleted: the other way round.
    """
    made, deleted = defaultdict(list), {}
    for method, request, *moments in calls:
        if method == "Delete":
            deleted[request["urn"]] = moments
        elif "urn" in request:
            made[request["urn"]].append(moments)
    found = set()
    for needed, dependent in edges(*states):
        if needed in made and dependent in made and made[needed][-1][1] < made[dependent][0][0]:
            found.add((needed, dependent, "made"))
        if needed in deleted and dependent in deleted and deleted[dependent][1] < deleted[needed][0]:
            found.add((needed, dependent, "deleted"))
    return found


def edges(*states: dict[str, Any] | None) -> set[tuple[str, str]]:
    """What needs what in some states: dependencies of every kind, parents and providers."""
    entries = [entry for state in states if state for entry in state.get("resources") or ()]
    return {
        (urn, entry["urn"])
        for entry in entries
        for urn in (
            entry.get("parent", ""),
            entry.get("provider", "").rpartition("::")[0],
            *entry.get("dependencies", ()),
            *(urn for urns in entry.get("propertyDependencies", {}).values() for urn in urns),
        )
        if urn
    }


def comparable(message: dict[str, Any]) -> dict[str, Any]:
    """A message without what may differ."""
    return without_empty(normal(message))


def _opened(entry: dict[str, Any], secrets: Secrets, secrecy: bool) -> dict[str, Any]:
    values = {key: from_state(entry[key], secrets.decrypt) for key in ("inputs", "outputs") if key in entry}
    properties = {key: to_state(value if secrecy else strip_secrets(value), show) for key, value in values.items()}
    return without_empty(normal(entry | properties))
