"""What differs between an object as it is and as it is wanted, in the fields that the program sets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from modelport_engine.kubernetes.quantities import same_quantity
from modelport_engine.protocol import paths

ABSENT = object()
ZEROS: tuple[Any, ...] = (None, False, 0, "", {}, [])  # what the API server does not store


@dataclass(frozen=True)
class Change:
    """One difference at a path such as ``spec.ports[0].port``: `kind` is ``add``, ``delete`` or ``update``."""

    path: str
    kind: str

    def under(self, fields: Sequence[str]) -> bool:
        """Whether it changes one of these fields, or something in it."""
        own = [part for part in paths.parse(self.path) if isinstance(part, str)]
        return any(own[: len(parts)] == parts for parts in (list(paths.parse(field)) for field in fields))

    def is_ignored(self, patterns: Sequence[str]) -> bool:
        """Whether all of it lies at or under one of these paths, in which ``*`` stands for any part."""
        own = paths.parse(self.path)
        return any(
            len(parts) <= len(own) and all(wanted in ("*", part) for wanted, part in zip(parts, own, strict=False))
            for parts in map(paths.parse, patterns)
        )


def pruned(live: Any, shape: Any) -> Any:
    """What a live value has of the fields that `shape` sets; the rest is the cluster's own affair.

    What the API server does not store is taken as set.
    """
    if isinstance(live, dict) and isinstance(shape, dict):
        kept = {
            key: pruned(live.get(key, value), value) for key, value in shape.items() if key in live or value in ZEROS
        }
        return {key: value for key, value in kept.items() if value is not None}
    if isinstance(live, list) and isinstance(shape, list):
        if _are_named(live) and _are_named(shape):
            named = {item["name"]: item for item in live}
            return [pruned(named[item["name"]], item) for item in shape if item["name"] in named]
        if all(isinstance(item, dict) for item in live):
            return [pruned(item, other) for item, other in zip(live, shape, strict=False)]
    return live


def changes(live: Any, wanted: Any, path: str = "") -> Iterator[Change]:
    """The differences from `live` to `wanted`."""
    if live == wanted or same_quantity(live, wanted, path):
        return
    if isinstance(live, dict) and isinstance(wanted, dict):
        for key in sorted({*live, *wanted}):
            yield from changes(live.get(key, ABSENT), wanted.get(key, ABSENT), paths.inside(path, key))
    elif isinstance(live, list) and isinstance(wanted, list):
        for index, (a, b) in enumerate(zip_longest(live, wanted, fillvalue=ABSENT)):
            yield from changes(a, b, f"{path}[{index}]")
    elif live is not ABSENT:
        yield Change(path, "delete" if wanted is ABSENT or wanted is None else "update")
    elif wanted is not None:
        yield Change(path, "add")


def _are_named(items: list[Any]) -> bool:
    """Whether each item has a name of its own."""
    names = [item.get("name") for item in items if isinstance(item, dict)]
    return bool(items) and len(set(map(str, names))) == len(items) and all(isinstance(name, str) for name in names)
