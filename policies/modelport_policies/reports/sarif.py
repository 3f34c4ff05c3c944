"""SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from modelport_policies.control import Control
from modelport_policies.reports.place import Place
from modelport_policies.results import Result, Review

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"mandatory": "error", "advisory": "warning"}
SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""`security-severity`, on the scale of CVSS from which code scanning takes its words."""


def report(review: Review, places: Mapping[str, Place]) -> str:
    """What is violated, exempted (as suppressed) or undecided (as open), with the rule of each control."""
    controls = {each.control.id: each.control for each in review.results}
    index = {id_: number for number, id_ in enumerate(controls)}
    driver = {
        "name": "modelport-policies",
        "version": version("modelport"),
        "rules": [_rule(each) for each in controls.values()],
    }
    run = {
        "tool": {"driver": driver},
        "results": [
            {"ruleIndex": index[each.control.id], **row}
            for each in review.having("violated", "exempted", "undecided")
            for row in _rows(each, places)
        ],
        "properties": {"profile": review.profile},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(control: Control) -> dict[str, Any]:
    return {
        "id": control.id,
        "shortDescription": {"text": control.title},
        "help": {"text": control.remedy()},
        "properties": {
            "security-severity": SCORES[control.severity],
            "tags": ["security", *control.frameworks],
        },
    }


def _rows(result: Result, places: Mapping[str, Place]) -> Iterator[dict[str, Any]]:
    for message in result.messages:
        row = {
            "ruleId": result.control.id,
            "message": {"text": message},
            "locations": [_location(result.urn or "", places)],
            "partialFingerprints": {"finding/v1": _fingerprint(result, message)},
        }
        if result.verdict == "undecided":
            yield {**row, "kind": "open", "level": "none"}
        else:
            yield {**row, "kind": "fail", "level": LEVELS.get(result.level, "error"), **_suppression(result)}


def _location(urn: str, places: Mapping[str, Place]) -> dict[str, Any]:
    name = urn.rpartition("::")[2]
    location: dict[str, Any] = {"logicalLocations": [{"name": name, "fullyQualifiedName": urn, "kind": "resource"}]}
    if place := places.get(urn):
        artifact = {"uri": place.file, "uriBaseId": "%SRCROOT%"}
        location["physicalLocation"] = {"artifactLocation": artifact, "region": {"startLine": place.line}}
    return location


def _fingerprint(result: Result, message: str) -> str:
    """The same for the same finding in every run."""
    return sha256("\0".join((result.control.id, result.urn or "", message)).encode()).hexdigest()


def _suppression(result: Result) -> dict[str, Any]:
    if not result.exemption:
        return {}
    return {"suppressions": [{"kind": "external", "justification": str(result.exemption)}]}
