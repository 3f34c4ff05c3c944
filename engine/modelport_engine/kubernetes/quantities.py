"""Amounts such as ``500m`` and ``1Gi``, which the API server writes in its own way."""

from typing import Any

# Where an object has amounts: elsewhere "1" and "1000m" are different words.
FIELDS = frozenset({
    "averageValue", "capacity", "default", "defaultRequest", "divisor", "hard", "limits", "max", "maxLimitRequestRatio",
    "min", "overhead", "podFixed", "requests", "sizeLimit", "storage", "value",
})  # fmt: skip


def same_quantity(a: Any, b: Any, path: str) -> bool:
    """Whether two values at a path are the same amount, written in different ways."""
    if not (isinstance(a, str | int | float) and isinstance(b, str | int | float)) or isinstance(a, bool):
        return False
    names = path.replace('["', ".").replace("[", ".").replace('"]', "").split(".")
    if not FIELDS & set(names[-3:]):
        return False
    from kubernetes.utils.quantity import parse_quantity

    try:
        return bool(parse_quantity(a) == parse_quantity(b))
    except ValueError:
        return False
