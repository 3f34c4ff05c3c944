"""Whether values are what an SDK's input types ask for. Only what is certainly wrong is a problem."""

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as AbstractSequence
from typing import Any, NamedTuple, get_args, get_origin

import sdk_types  # type: ignore[import-not-found]  # beside this script

SIGNATURE = "4dabf18193072939515e22adb298388d"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SCALARS = (str, bool, int, float)


class Problem(NamedTuple):
    """One thing that is wrong, and where: a property path."""

    path: str
    reason: str


def check(cls: type, value: Mapping[str, Any], path: str = "") -> Iterator[Problem]:
    """The problems of an object: required, unknown and mis-cased properties, and what its values' own are."""
    known, given = sdk_types.properties(cls), {key for key, item in value.items() if item is not None}
    for key in sorted(given):
        if key in known:
            yield from _value(known[key], value[key], _joined(path, key))
        else:
            yield Problem(_joined(path, key), _unknown(key, cls, known))
    written = {sdk_types.nearest(key, known) for key in given - known.keys()}
    for key in sorted(sdk_types.required(cls) - given - written):
        yield Problem(_joined(path, key), f"is required by {_name(cls)}")


def check_names(cls: type, value: Mapping[str, Any]) -> Iterator[Problem]:
    """The names alone: a provider's own config holds texts of its values."""
    known = sdk_types.properties(cls)
    for key in sorted(value.keys() - known.keys()):
        yield Problem(key, _unknown(key, cls, known))


def _unknown(key: str, cls: type, known: Mapping[str, Any]) -> str:
    near = sdk_types.nearest(key, known)
    return f"is not a property of {_name(cls)}" + (f"; did you mean {near}?" if near else "")


def _name(cls: type) -> str:
    return cls.__name__.removesuffix("InitArgs").removesuffix("Args")


def _value(hint: Any, value: Any, path: str) -> Iterator[Problem]:
    if value is None or value == UNKNOWN or (isinstance(value, dict) and SIGNATURE in value):
        return
    allowed = sdk_types.alternatives(hint)
    if not allowed or any(_open(each) for each in allowed):
        return
    fitting = [each for each in allowed if _fits(each, value)]
    if not fitting:
        yield Problem(path, f"must be {' or '.join(dict.fromkeys(map(_kind, allowed)))}, not {_kind_of(value)}")
        return
    yield from min(([*_inside(each, value, path)] for each in fitting), key=len)


def _inside(hint: Any, value: Any, path: str) -> Iterator[Problem]:
    constants = sdk_types.constants(hint)
    if constants is not None and value not in constants:
        near = sdk_types.nearest(str(value), constants)
        listed = ", ".join(map(repr, constants[:10]))
        yield Problem(path, f"must be one of {listed}" + (f"; did you mean {near!r}?" if near else ""))
    elif sdk_types.is_object(hint):
        yield from check(hint, value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _value(_item(hint), item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _value(_item(hint), item, _joined(path, key))


def _open(hint: Any) -> bool:
    """Whether a type says nothing about its values."""
    origin = get_origin(hint) or hint
    simple = origin in SCALARS or _is_list(origin) or _is_map(origin)
    return not (simple or sdk_types.constants(hint) is not None or sdk_types.is_object(hint))


def _fits(hint: Any, value: Any) -> bool:
    """Whether a value may be of a type as far as its form goes; texts of numbers and booleans count as these."""
    origin = get_origin(hint) or hint
    if sdk_types.is_object(hint) or _is_map(origin):
        return isinstance(value, dict)
    if _is_list(origin):
        return isinstance(value, list)
    if isinstance(value, (dict, list)):
        return False
    if origin is bool:
        return isinstance(value, bool) or str(value).lower() in ("true", "false")
    if origin in (int, float):
        return not isinstance(value, bool) and _is_number(value)
    return True


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_list(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, AbstractSequence) and not issubclass(origin, str)


def _is_map(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _item(hint: Any) -> Any:
    arguments = get_args(hint)
    return arguments[-1] if arguments else Any


def _kind(hint: Any) -> str:
    origin = get_origin(hint) or hint
    if sdk_types.is_object(hint) or _is_map(origin):
        return "an object"
    if _is_list(origin):
        return "a list"
    return {bool: "true or false", int: "a number", float: "a number"}.get(origin, "a text")


def _kind_of(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else repr(value)


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
