"""Runs of Pulumi's own engine: state before and after, and what it asked of the provider."""

import gzip
import json
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from modelport_engine.protocol.values import from_state, show, strip_secrets, to_state
from modelport_engine.state.secrets import Secrets

RECORDINGS = Path(__file__).parent.parent / "engine" / "recordings" / "runs.json.gz"
# What differs from run to run, or names the machine, and why it may.
IGNORED = {
    "serial": "counts the objects in the cloud, in the order in which parallel creates arrive",
    "created": "a time",
    "modified": "a time",
    "sourcePosition": "a path and a line of the program",
    "stackTrace": "paths and lines of the program and the SDK",
    "name": "of a request: added in later versions of the protocol, and part of the URN",
    "type": "of a request: as name",
    "randomSeed": "random",
    "__provider": "the code of a dynamic provider, pickled",
    "resourceStatusToken": "random",
    "resourceStatusAddress": "an address",
}
RANDOM = [(re.compile(r"-[0-9a-f]{7}\b"), "-NAME"), (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID")]


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
    for method, request in calls:
        by_urn[request.get("urn") or request.get("tok")].append((method, _normal(request, request=True)))
    return dict(by_urn)


def orders(calls: list[Any], *states: dict[str, Any] | None) -> set[tuple[str, str, str]]:
    """What happened before what along the edges of the states: `(needed, dependent, made | deleted)`.

    Made: every call for the needed one began before any for its dependent. Deleted: the other way round.
    """
    made, deleted = defaultdict(list), {}
    for position, (method, request) in enumerate(calls):
        if method == "Delete":
            deleted[request["urn"]] = position
        elif "urn" in request:
            made[request["urn"]].append(position)
    found = set()
    for needed, dependent in edges(*states):
        if needed in made and dependent in made and max(made[needed]) < min(made[dependent]):
            found.add((needed, dependent, "made"))
        if needed in deleted and dependent in deleted and deleted[dependent] < deleted[needed]:
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


def comparable(message: Any) -> Any:
    """A message without what may differ, and without what is empty."""
    return _normal(message, request=True)


def _opened(entry: dict[str, Any], secrets: Secrets, secrecy: bool) -> dict[str, Any]:
    values = {key: from_state(entry[key], secrets.decrypt) for key in ("inputs", "outputs") if key in entry}
    properties = {key: to_state(value if secrecy else strip_secrets(value), show) for key, value in values.items()}
    return {key: value for key, value in _normal(entry | properties).items() if value not in ({}, [])}


def _normal(value: Any, request: bool = False) -> Any:
    if isinstance(value, dict):
        kept = {
            key: item for key, item in value.items() if key not in IGNORED or (not request and key in ("name", "type"))
        }
        return {key: _normal(item) for key, item in kept.items() if not (request and item in ({}, "", []))}
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, str):
        for pattern, name in RANDOM:
            value = pattern.sub(name, value)
    return value
