"""Objects of a cluster as files, with a kustomization that applies them in order."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from .errors import UsageError

Object = Mapping[str, Any]

INDEX, PATCHES = "kustomization.yaml", "patches"
FIRST = ("apiVersion", "kind", "metadata", "name", "namespace")
# Every version of YAML takes these for texts.
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*([-./:@_]+[A-Za-z0-9]+)*")
NO_TEXTS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def files(objects: Sequence[Object], patches: Sequence[Object], mark: str) -> dict[str, str]:
    """Each file's name and text, the same for the same objects; the kustomization comes last and has the order.

    Raises:
        UsageError: two objects are one and the same.
    """
    listed = {f"{name}.yaml": f"# {mark}\n{_yaml(object)}" for name, object in _named(objects)}
    beside = {f"{PATCHES}/{name}.yaml": _patch(object, mark) for name, object in _named(patches)}
    index = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "sortOptions": {"order": "fifo"},
        "resources": [*listed],
    }
    return {**listed, **beside, INDEX: f"# {mark}\n{_yaml(index)}"}


def _named(objects: Iterable[Object]) -> list[tuple[str, Object]]:
    """Each with a name of its own: kind and name, and where two would have it, also namespace and group."""
    objects = list(objects)
    short = Counter(map(_short, objects))
    named = [(_short(each) if short[_short(each)] == 1 else _long(each), each) for each in objects]
    if twice := [name for name, count in Counter(name for name, _ in named).items() if count > 1]:
        raise UsageError(f"{twice[0]}\n  is wanted by two resources. Have one of them have all its fields.")
    return named


def _short(object: Object) -> str:
    return re.sub(r"[^a-z0-9.-]", "-", f"{object['kind']}-{object['metadata']['name']}".lower())


def _long(object: Object) -> str:
    group = object["apiVersion"].rpartition("/")[0]
    return "_".join(filter(None, (_short(object), object["metadata"].get("namespace"), group)))


def _patch(object: Object, mark: str) -> str:
    """Fields for an object of somebody else, which nothing that prunes may take for ours."""
    said = (
        f"{mark}",
        f"Fields of a {object['kind']} that is there: no part of the kustomization, as what prunes would delete it.",
        f"kubectl apply --server-side --field-manager=modelport -f {PATCHES}",
    )
    return "".join(f"# {line}\n" for line in said) + _yaml(object)


def _yaml(value: Any) -> str:
    yaml, text = YAML(), StringIO()
    yaml.width = sys.maxsize
    yaml.dump(_dumped(value), text)
    return text.getvalue()


def _dumped(value: Any) -> Any:
    """The value with its keys in order, and texts that nobody takes for something else."""
    match value:
        case dict():
            return {_dumped(key): _dumped(value[key]) for key in sorted(value, key=_place)}
        case list():
            return [_dumped(item) for item in value]
        case str() if "\n" in value and all(map(_is_plain_line, value.split("\n"))) and value[0] not in " \n":
            return LiteralScalarString(value)
        case str() if not PLAIN.fullmatch(value) or value.lower() in NO_TEXTS:
            return DoubleQuotedScalarString(value)
    return value


def _is_plain_line(line: str) -> bool:
    return line.isprintable() and line == line.rstrip()


def _place(key: str) -> tuple[int, str]:
    return (FIRST.index(key) if key in FIRST else len(FIRST)), key
