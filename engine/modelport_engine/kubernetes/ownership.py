"""Who owns which field of an object: https://kubernetes.io/docs/reference/using-api/server-side-apply/."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from modelport_engine.kubernetes.objects import PATCH_FIELD_MANAGER, Object, annotation, metadata
from modelport_engine.protocol import paths

PREFIX = "pulumi-kubernetes"
# As what Pulumi's own plugin creates objects, before it applies its first update.
CREATED_BY_THE_PLUGIN = (PREFIX, "pulumi-resource-kubernetes")

Fields = dict[str, Any]


def manager_of(urn: str, inputs: Object, recorded: str = "") -> str:
    """The field manager of a resource: the one that its annotation names, else state's, else one for its URN."""
    own = f"{PREFIX}-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"
    return annotation(inputs, PATCH_FIELD_MANAGER) or recorded or own


def is_managed_by(live: Object, manager: str) -> bool:
    """Whether a manager owns any field of an object."""
    return any(entry.get("manager") == manager for entry in _entries(live))


def is_pulumis(live: Object) -> bool:
    """Whether Pulumi has applied an object, in this stack or another."""
    return any(str(entry.get("manager", "")).startswith(PREFIX) for entry in _entries(live))


def taken_over(live: Object, manager: str) -> list[Fields] | None:
    """An object's `managedFields` once `manager` owns what the plugin created; None when there is nothing to do."""
    entries = deepcopy(metadata(live).get("managedFields") or [])
    theirs = [entry for entry in entries if _is_creation(entry)]
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
        path = paths.parse(text)
        value = _value(live, path)
        if value is None or _is_others(live, manager, path):
            _remove(result, path)
        else:
            _set(result, path, value)
    return result


def _is_others(live: Object, manager: str, path: paths.Path) -> bool:
    owners = {entry.get("manager") for entry in _entries(live) if _owns(entry.get("fieldsV1") or {}, live, path)}
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
    return [entry for entry in metadata(live).get("managedFields") or [] if not entry.get("subresource")]


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
