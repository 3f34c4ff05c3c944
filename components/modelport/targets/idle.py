"""What costs money while nobody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

Inputs = Mapping[str, Any]
Costly = Callable[[Inputs], Iterable[tuple[str, int]]]
"""What of a resource costs, from its inputs: each with how many there are of it."""


def idle_costs(planned: Iterable[tuple[str, Inputs]]) -> Counter[str]:
    """What of planned resources costs while nobody asks, and how many there are of each.

    Args:
        planned: type tokens and inputs.
    """
    modules, planned = [import_module(module) for module in _modules()], list(planned)
    known = {token: costly for module in modules for token, costly in module.IDLE.items()}
    resting = {pair for module in modules for pair in module.resting(planned)}
    found: Counter[str] = Counter()
    for token, inputs in planned:
        if token in known and (token, service_of(inputs)) not in resting:
            for what, count in known[token](inputs):
                found[what] += count
    return found


def service_of(inputs: Inputs) -> str:
    """The service that a resource belongs to, as its tags say."""
    return str((inputs.get("tags") or {}).get("service", ""))


def _modules() -> Iterator[str]:
    from . import NAMES

    return (module for name in NAMES if find_spec(module := f"{__package__}.{name}.idle"))
