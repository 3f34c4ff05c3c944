"""How the resources of an example refer to each other, as they do in a deployment export."""

from __future__ import annotations

import json
import re
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

REFERENCE = re.compile(r"<(unknown )?(?:id|arn|email) of ([^>]+)>")


def rows(resources: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """The resources of an export: a reference is a dependency on the first resource of its type."""
    urns = [f"urn:pulumi:dev::shop::{type_}::digits-{number}" for number, (type_, _) in enumerate(resources)]
    first = {type_: urn for (type_, _), urn in reversed(list(zip(resources, urns, strict=True)))}
    return [row(type_, urn, inputs, first) for (type_, inputs), urn in zip(resources, urns, strict=True)]


def row(type_: str, urn: str, inputs: Any, first: dict[str, str]) -> dict[str, Any]:
    """A resource of an export; `first` are the URNs that references lead to, by type."""
    return {"type": type_, "urn": urn, "inputs": written(inputs), "propertyDependencies": dependencies(inputs, first)}


def dependencies(inputs: Any, first: dict[str, str]) -> dict[str, list[str]]:
    """The URNs that the references of each property lead to."""
    found = {key: {kind for _, kind in REFERENCE.findall(json.dumps(value))} for key, value in inputs.items()}
    return {key: sorted(first[kind] for kind in kinds if kind in first) for key, kinds in found.items() if kinds}


def written(value: Any) -> Any:
    """A value with JSON text where it says `json`. Text with a part that is not known is not known."""
    if isinstance(value, dict):
        if list(value) == ["json"]:
            return written(json.dumps(value["json"]))
        return {key: written(each) for key, each in value.items()}
    if isinstance(value, list):
        return [written(each) for each in value]
    if isinstance(value, str) and (UNKNOWN_STRING_VALUE in value or "<unknown " in value):
        return UNKNOWN_STRING_VALUE
    return value
