"""What holds data and outlives its stack: `destroy` leaves it where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec


@dataclass(frozen=True)
class Kept:
    """A resource that was left behind.

    Attributes:
        type: its type token.
        name: its logical name.
        id: what its cloud knows it by.
        region: where it is.
    """

    type: str
    name: str
    id: str
    region: str


@dataclass(frozen=True)
class Holder:
    """A kind of resource that holds data.

    Attributes:
        noun: what people call one.
        delete: deletes one with its data; where it is gone already, does nothing.
    """

    noun: str
    delete: Callable[[Kept], None]


def holders() -> dict[str, Holder]:
    """Every kind by its type token. Imports neither Pulumi's nor a cloud's SDK."""
    return {token: holder for module in _modules() for token, holder in import_module(module).HOLDERS.items()}


def _modules() -> Iterator[str]:
    from . import NAMES

    return (module for name in NAMES if find_spec(module := f"{__package__}.{name}.kept"))
