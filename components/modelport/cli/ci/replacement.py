"""Whether a change of inputs needs another resource, as far as that is known without the provider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelport.reports.comparison import UNKNOWN, Judgement, Row

OURS, KUBERNETES = "modelport:", "kubernetes:"


def judged(old: Row, new: Row, fields: Sequence[str]) -> Judgement:
    """By our own providers, by the reference of Kubernetes' API, or else it may be: nobody was asked."""
    type_ = new["type"]
    if type_.startswith(OURS):
        return _by_ourselves(type_, old["inputs"], new["inputs"])
    if type_.startswith(KUBERNETES):
        return _by_kubernetes(new["inputs"], fields)
    return Judgement("may replace", "the provider is not asked offline")


def _by_ourselves(type_: str, old: dict[str, Any], new: dict[str, Any]) -> Judgement:
    from modelport.providers.resources import RESOURCES

    changes = RESOURCES[type_].diff(old, new)
    return Judgement("replaces" if changes.replaces else "in place", "modelport's own provider")


def _by_kubernetes(new: dict[str, Any], fields: Sequence[str]) -> Judgement:
    from modelport_engine.kubernetes.immutable import immutable_fields

    source = "API reference of Kubernetes 1.36"
    fixed = immutable_fields(new, mutable_config_maps=False, mutable_secrets=False)
    touched = [path for path in fixed if any(_within(each, path) for each in fields)]
    if any(_at(new, path) == UNKNOWN for path in touched):
        return Judgement("may replace", f"{source}, and the value is not known yet")
    return Judgement("replaces" if touched else "in place", source)


def _within(field: str, path: str) -> bool:
    return field == path or field.startswith((f"{path}.", f"{path}["))


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value
