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


def pruned(live: Any, shape: Any) -> Any:
    """What a live value has of the fields that `shape` sets; the rest is the cluster's own affair."""
    if isinstance(live, dict) and isinstance(shape, dict):
        return {key: pruned(live[key], value) for key, value in shape.items() if key in live}
    if isinstance(live, list) and isinstance(shape, list):
        if _is_named(live) and _is_named(shape):
            named = {item["name"]: item for item in live}
            return [pruned(named[item["name"]], item) for item in shape if item["name"] in named]
        if all(isinstance(item, dict) for item in live):
            return [pruned(item, other) for item, other in zip(live, shape, strict=False)]
    return live


def changes(live: Any, wanted: Any, applied: Any, path: str = "") -> Iterator[Change]:
    """The differences from `live` to `wanted`; `applied` is what had been wanted when `live` came about."""
    if live is wanted or live == wanted or same_quantity(live, wanted, path):
        return
    if isinstance(live, dict) and isinstance(wanted, dict):
        before = applied if isinstance(applied, dict) else {}
        for key in sorted({*live, *wanted}):
            inner = _inside(path, key)
            yield from changes(live.get(key, ABSENT), wanted.get(key, ABSENT), before.get(key, ABSENT), inner)
    elif isinstance(live, list) and isinstance(wanted, list):
        asked = applied[: max(len(live), len(wanted))] if isinstance(applied, list) else []
        for index, (a, b, c) in enumerate(zip_longest(live, wanted, asked, fillvalue=ABSENT)):
            yield from changes(a, b, c, f"{path}[{index}]")
    elif live is ABSENT:
        if wanted is not None and not (wanted == applied and wanted in ZEROS):
            yield Change(path, "add")
    else:
        yield Change(path, "delete" if wanted is ABSENT or wanted is None else "update")


def _is_named(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in items)


def _inside(path: str, key: str) -> str:
    if not key.replace("_", "").replace("-", "").replace("$", "").isalnum():
        escaped = key.replace("\\", "\\\\").replace('"', '\\"')
        return f'{path}["{escaped}"]'
    return f"{path}.{key}" if path else key
