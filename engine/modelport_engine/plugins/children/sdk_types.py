"""What an SDK says of its resources: the class of a type token, and the input types behind it.

Needs the program's interpreter and Pulumi's SDK only.
"""

import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from functools import cache
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pulumi import Output, _types
from pulumi.runtime import rpc

PROVIDER = "pulumi:providers:"


class Unknown(Exception):
    """The SDK does not know a type token, or is not installed."""


def args_class(token: str) -> type | None:
    """The input type of a resource; None where the SDK leaves its properties open. Raises Unknown."""
    package = token.removeprefix(PROVIDER).partition(":")[0]
    module = import_sdk(package)
    if token.startswith(PROVIDER):
        return _args_of(module.Provider)
    classes = tokens(package)
    if token in classes:
        fqn, name = classes[token]
        return _args_of(getattr(importlib.import_module(fqn), name))
    groups = {known.rpartition(":")[0] for known in classes}
    if package == "kubernetes" and token.rpartition(":")[0] not in groups:
        return None  # a custom resource of some other API group
    near = nearest(token, classes)
    raise Unknown(f"{module.__name__} has no resource {token}" + (f"; did you mean {near}?" if near else ""))


def import_sdk(package: str) -> ModuleType:
    """The SDK of a package. Raises Unknown if the program's environment does not have it."""
    name = "pulumi_" + package.replace("-", "_")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
    for found in pkgutil.iter_modules():
        if found.ispkg and _serves(found, package):
            return importlib.import_module(found.name)
    raise Unknown(
        f"no SDK of package {package} is installed beside the program, so its resources cannot be checked. "
        f"Install {name.replace('_', '-')} into the program's environment."
    )


@cache
def tokens(package: str) -> Mapping[str, tuple[str, str]]:
    """The resource tokens of an imported SDK, each with its module and its class."""
    registered = [found for key, found in rpc._RESOURCE_MODULES.items() if key.partition(":")[0] == package]
    infos: list[Any] = [getattr(module, "mod_info", None) for found in registered for module in found]
    return {token: (info["fqn"], name) for info in infos if info for token, name in info["classes"].items()}


@cache
def properties(cls: type) -> Mapping[str, Any]:
    """The properties of an input type by their names on the wire, each with its type."""
    types = _types.input_type_types(cls)
    return {name: types.get(name, Any) for name in _types.input_type_py_to_pulumi_names(cls).values()}


@cache
def required(cls: type) -> frozenset[str]:
    """The names on the wire of the properties that an input type must have."""
    names = _types.input_type_py_to_pulumi_names(cls)
    parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    needed = {each.name for each in parameters if each.kind is each.KEYWORD_ONLY and each.default is each.empty}
    return frozenset(wire for python, wire in names.items() if python in needed)


def alternatives(hint: Any) -> list[Any]:
    """The types that a hint allows, without what the SDK adds to each: None, awaitables, outputs."""
    if get_origin(hint) in (Union, UnionType):
        return [each for member in get_args(hint) for each in alternatives(member)]
    origin = get_origin(hint) or hint
    plumbing = origin in (NoneType, Output) or getattr(origin, "__name__", "") == "Awaitable"
    return [] if plumbing else [hint]


def constants(hint: Any) -> list[Any] | None:
    """The values that a type allows, if it lists them."""
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [member.value for member in hint] if isinstance(hint, type) and issubclass(hint, Enum) else None


def is_object(hint: Any) -> bool:
    """Whether a type is one of the SDK's input types."""
    return isinstance(hint, type) and _types.is_input_type(hint)


def nearest(name: str, known: Any) -> str | None:
    """The known name that somebody may have meant: the same in another case, else the most similar."""
    folded: dict[str, str] = {_folded(each): each for each in known}
    if (same := folded.get(_folded(name))) is not None:
        return same
    found = get_close_matches(name, [str(each) for each in known], n=1)
    return found[0] if found else None


def _folded(name: str) -> str:
    return str(name).replace("_", "").replace("-", "").lower()


def _args_of(cls: type) -> type | None:
    module = sys.modules[cls.__module__]
    candidates = (getattr(module, cls.__name__ + suffix, None) for suffix in ("InitArgs", "Args"))
    found: Iterator[type] = (each for each in candidates if each and _types.is_input_type(each))
    return None if cls.__name__ == "CustomResource" else next(found, None)


def _serves(found: pkgutil.ModuleInfo, package: str) -> bool:
    path = getattr(found.module_finder, "path", None)
    manifest = Path(path, found.name, "pulumi-plugin.json") if path else None
    return bool(manifest and manifest.exists() and json.loads(manifest.read_text()).get("name") == package)
