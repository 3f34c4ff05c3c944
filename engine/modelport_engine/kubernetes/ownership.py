"""Who owns which field of an object: https://kubernetes.io/docs/reference/using-api/server-side-apply/."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from modelport_engine.kubernetes.objects import PATCH_FIELD_MANAGER, Object, annotation, metadata
from modelport_engine.protocol import paths

PREFIX = "pulumi-kubernetes"
# As what Pulumi's own plugin creates objects, before it applies its first update.
CREATED_BY_THE_PLUGIN = (PREFIX, "pulumi-resource-kubernetes")

Fields = dict[str, Any]


def manager_of(urn: str, provider: str, inputs: Object, recorded: str = "") -> str:
    """The field manager of a resource: the one that its annotation names, else state's, else its own.

    Its own follows from its URN and from the random id of its `provider` resource, which state keeps: nobody else has
    it, and a run that was interrupted finds it again.
    """
    own = hashlib.sha256(f"{urn} {provider}".encode()).hexdigest()[:8]
    return annotation(inputs, PATCH_FIELD_MANAGER) or recorded or f"{PREFIX}-{own}"


def managers_of(live: Object) -> list[str]:
    """Who owns any field of an object."""
    return sorted({str(entry.get("manager")) for entry in _entries(live)})


def is_managed_by(live: Object, manager: str) -> bool:
    """Whether a manager owns any field of an object."""
    return manager in managers_of(live)


def taken_over(live: Object, manager: str, before: str = "") -> list[Fields] | None:
    """An object's `managedFields` once `manager` owns what the plugin created; None when there is nothing to do.

    `before` is the resource's manager until now, whose fields come along.
    """
    entries = deepcopy(metadata(live).get("managedFields") or [])
    theirs = [entry for entry in entries if _is_creation(entry) or (before != manager and _is_apply(entry, before))]
    if not theirs:
        return None
    ours = next((entry for entry in entries if _is_apply(entry, manager)), None)
    if ours is None:
        ours = {**theirs[0], "manager": manager, "operation": "Apply", "fieldsV1": {}}
        entries.append(ours)
    for entry in theirs:
        _merge(ours["fieldsV1"], entry.get("fieldsV1") or {})
    return [entry for entry in entries if entry not in theirs]


def without_ignored(wanted: Object, live: Object, manager: str, ignored: Sequence[str]) -> Object:
    """The object to apply when `ignored` paths shall stay as they are.

    A field of another manager is left to it, as replicas are to an autoscaler; one of our own keeps its live value,
    because the API server removes an own field that is not applied again.
    """
    result = deepcopy(wanted)
    for text in ignored:
        for path, place in _places(wanted, live, paths.parse(text)):
            value = None if place is None else _value(live, place)
            if place is None or value is None or _is_others(live, manager, place):
                _remove(result, path)
            else:
                _set(result, path, value)
    return result


def _places(wanted: Any, live: Any, path: paths.Path) -> Iterator[tuple[paths.Path, paths.Path | None]]:
    """Where a path with its wildcards leads in an object, and where the same is in the live one, if it is there."""
    if not path:
        yield (), ()
        return
    part, rest = path[0], path[1:]
    if isinstance(wanted, list):
        keys: Iterable[str | int] = range(len(wanted)) if part == "*" else [part]
    else:
        keys = sorted(wanted) if part == "*" and isinstance(wanted, dict) else [part]
    for key in keys:
        there = _counterpart(wanted, live, key)
        inner = _value(wanted, (key,))
        for tail, place in _places(inner, None if there is None else _value(live, (there,)), rest):
            yield (key, *tail), None if there is None or place is None else (there, *place)


def _counterpart(wanted: Any, live: Any, key: str | int) -> str | int | None:
    """The key or index in `live` of what `wanted` has at a key: items of lists are known by their names."""
    if isinstance(wanted, list) and isinstance(live, list):
        item = _value(wanted, (key,))
        name = item.get("name") if isinstance(item, dict) else None
        if name is not None:
            named = [i for i, each in enumerate(live) if isinstance(each, dict) and each.get("name") == name]
            return named[0] if named else None
    return key if _has(live, key) else None


def _is_others(live: Object, manager: str, path: paths.Path) -> bool:
    entries = metadata(live).get("managedFields") or []  # with those of an autoscaler, which sets `scale`
    owners = {entry.get("manager") for entry in entries if _owns(entry.get("fieldsV1") or {}, live, path)}
    return bool(owners - {manager, *CREATED_BY_THE_PLUGIN}) and manager not in owners


def _owns(fields: Fields, live: Any, path: paths.Path) -> bool:
    if not path:
        return True
    part, rest = path[0], path[1:]
    if isinstance(part, str):
        inner = fields.get(f"f:{part}")
        return inner is not None and _owns(inner, live.get(part) if isinstance(live, dict) else None, rest)
    item = live[part] if isinstance(live, list) and part < len(live) else None
    return any(_owns(inner, item, rest) for inner in _of_item(fields, item, part))


def _of_item(fields: Fields, item: Any, index: int) -> Iterator[Fields]:
    """What a manager owns of one item of a list: by its keys, its value or its index."""
    for name, inner in fields.items():
        kind, _, text = name.partition(":")
        if kind == "k" and isinstance(item, dict):
            if json.loads(text).items() <= item.items():
                yield inner
        elif (kind == "v" and json.loads(text) == item) or (kind == "i" and int(text) == index):
            yield inner


def _entries(live: Object) -> list[Fields]:
    """Who owns what is not status. An autoscaler writes replicas through the subresource scale."""
    return [entry for entry in metadata(live).get("managedFields") or [] if entry.get("subresource") != "status"]


def _is_creation(entry: Fields) -> bool:
    of_the_plugin = entry.get("operation") == "Update" and entry.get("manager") in CREATED_BY_THE_PLUGIN
    return of_the_plugin and not entry.get("subresource")


def _is_apply(entry: Fields, manager: str) -> bool:
    return entry.get("operation") == "Apply" and entry.get("manager") == manager


def _merge(into: Fields, fields: Fields) -> None:
    for key, inner in fields.items():
        _merge(into.setdefault(key, {}), inner)


def _value(value: Any, path: paths.Path) -> Any:
    for part in path:
        if not _has(value, part):
            return None
        value = value[part]
    return value


def _set(value: Any, path: paths.Path, item: Any) -> None:
    *parents, last = path
    for part in parents:
        if isinstance(value, dict):
            value = value.setdefault(part, {})
        elif _has(value, part):
            value = value[part]
        else:
            return
    if isinstance(value, dict) or _has(value, last):
        value[last] = item


def _remove(value: Any, path: paths.Path) -> None:
    parent = _value(value, path[:-1])
    if isinstance(parent, dict):
        parent.pop(path[-1], None)


def _has(value: Any, part: str | int) -> bool:
    in_list = isinstance(value, list) and isinstance(part, int) and part < len(value)
    return in_list or (isinstance(value, dict) and part in value)
