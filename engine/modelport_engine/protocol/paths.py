"""Property paths such as ``tags["a"].list[0]``: the language of ignoreChanges and replaceOnChanges."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from modelport_engine.protocol.values import Properties, Secret

Path = tuple[str | int, ...]
PART = re.compile(r"""\.?([^.\[\]"]+)|\[(\d+|\*)\]|\[?"((?:[^"\\]|\\.)*)"\]?""")


def parse(text: str) -> Path:
    """The parts of a path: names, indexes, ``*`` for any."""
    parts: list[str | int] = []
    for name, index, quoted in PART.findall(text):
        parts.append(int(index) if index.isdigit() else index or name or quoted.replace('\\"', '"'))
    return tuple(parts)


def inside(path: str, key: str) -> str:
    """The path of a property in what is at a path; empty is the whole."""
    if not key.replace("_", "").replace("-", "").replace("$", "").isalnum():
        escaped = key.replace("\\", "\\\\").replace('"', '\\"')
        return f'{path}["{escaped}"]'
    return f"{path}.{key}" if path else key


def matches(patterns: Iterable[str], path: str) -> bool:
    """Whether a changed path is one of the patterns, or lies under or above one."""
    changed = parse(path)
    return any(_overlap(parse(pattern), changed) for pattern in patterns)


def keep(news: Properties, olds: Properties, ignored: Sequence[str]) -> Properties:
    """The new inputs with the old values at the ignored paths."""
    for text in ignored:
        news = _keep(news, olds, parse(text))
    return news


def _overlap(pattern: Path, changed: Path) -> bool:
    return all(wanted in ("*", part) for wanted, part in zip(pattern, changed, strict=False))


def _keep(new: Any, old: Any, path: Path) -> Any:
    if isinstance(new, Secret) and isinstance(old, Secret):
        return Secret(_keep(new.value, old.value, path))
    if isinstance(new, list) and isinstance(old, list):
        pairs = enumerate(zip(new, old, strict=False))
        kept = [
            _keep(a, b, path[1:]) if path[0] in ("*", i) and path[1:] else b if path[0] in ("*", i) else a
            for i, (a, b) in pairs
        ]
        return kept + new[len(kept) :]
    if not (isinstance(new, dict) and isinstance(old, dict)):
        return new
    result = dict(new)
    for key in {*new, *old} if path[0] == "*" else {path[0]}:
        if len(path) > 1 and key in new and key in old:
            result[key] = _keep(new[key], old[key], path[1:])
        elif len(path) == 1 and key in old:
            result[key] = old[key]
        elif len(path) == 1:
            result.pop(key, None)
    return result
