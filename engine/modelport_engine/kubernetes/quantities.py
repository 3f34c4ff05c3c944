"""Amounts such as ``500m`` and ``1Gi``, which the API server writes in its own way."""

from typing import Any

from modelport_engine.protocol import paths

# Where an object has amounts, by the two names above: elsewhere "1" and "1000m" are different words.
PARENTS = frozenset({
    ("limits", "default"), ("limits", "defaultRequest"), ("limits", "max"), ("limits", "maxLimitRequestRatio"),
    ("limits", "min"), ("overhead", "podFixed"), ("resources", "limits"), ("resources", "requests"),
    ("spec", "capacity"), ("spec", "hard"),
})  # fmt: skip
# And by the name above and their own.
FIELDS = frozenset({
    ("emptyDir", "sizeLimit"), ("resourceFieldRef", "divisor"), ("target", "averageValue"), ("target", "value"),
})  # fmt: skip


def same_quantity(a: Any, b: Any, path: str) -> bool:
    """Whether two values at a path are the same amount, written in different ways."""
    if not (isinstance(a, str | int | float) and isinstance(b, str | int | float)) or isinstance(a, bool):
        return False
    names = tuple(part for part in paths.parse(path) if isinstance(part, str))
    if names[-3:-1] not in PARENTS and names[-2:] not in FIELDS:
        return False
    from kubernetes.utils.quantity import parse_quantity

    try:
        return bool(parse_quantity(a) == parse_quantity(b))
    except ValueError:
        return False
