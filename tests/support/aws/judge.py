"""Judges requests by botocore's model of the service, which says more than botocore itself checks."""

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.model import Shape
from botocore.utils import parse_timestamp
from pulumi.runtime.rpc import UNKNOWN
from support.aws.requests import Request
from support.referring import REFERENCE

TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "blob": (str,),
    "timestamp": (str,),
}


@dataclass
class Verdict:
    """What is wrong with requests, each with its path, and how often a pattern was met that Python cannot read."""

    problems: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def judge(requests: Iterable[Request]) -> Verdict:
    verdict = Verdict()
    for request in requests:
        place = f"{request.name}: {request.operation}"
        verdict.problems += found(request.shape, request.parameters, place, verdict.skipped)
    return verdict


def found(shape: Shape, value: Any, place: str, skipped: Counter[str]) -> Iterator[str]:
    """The problems of a value and of everything in it."""
    if value == UNKNOWN:
        return
    if not isinstance(value, TYPES[shape.type_name]) or isinstance(value, bool) != (shape.type_name == "boolean"):
        yield f"{place} is no {shape.type_name}: {value!r}"
        return
    match shape.type_name:
        case "structure":
            yield from (f"{place} lacks {name}" for name in shape.required_members if name not in value)
            for name, each in value.items():
                if name in shape.members:
                    yield from found(shape.members[name], each, f"{place}.{name}", skipped)
                else:
                    yield f"{place} has no {name}"
        case "list":
            for number, each in enumerate(value):
                yield from found(shape.member, each, f"{place}[{number}]", skipped)
        case "map":
            for name, each in value.items():
                yield from found(shape.key, name, f"{place} key", skipped)
                yield from found(shape.value, each, f"{place}.{name}", skipped)
    yield from (f"{place} {problem}: {value!r}" for problem in broken(shape, value, skipped))


def broken(shape: Shape, value: Any, skipped: Counter[str]) -> Iterator[str]:
    """What a value of the right type breaks; what a text with a reference will be is not known yet."""
    if isinstance(value, str) and REFERENCE.search(value):
        return
    limits, size = shape.metadata, len(value) if isinstance(value, Sized) else value
    if shape.type_name == "timestamp" and not is_timestamp(value):
        yield "is no point in time"
    if "min" in limits and size < limits["min"]:
        yield f"is below {limits['min']}"
    if "max" in limits and size > limits["max"]:
        yield f"is above {limits['max']}"
    if (allowed := limits.get("enum")) and value not in allowed:
        yield f"is none of {', '.join(allowed)}"
    if "pattern" in limits:
        pattern = compiled(limits["pattern"])
        skipped.update([limits["pattern"]] if pattern is None else [])
        if pattern and not pattern.fullmatch(value):
            yield f"does not match {limits['pattern']}"


def is_timestamp(text: str) -> bool:
    try:
        return bool(parse_timestamp(text))
    except ValueError:
        return False


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern of AWS, if Python reads it, and reads it as they do."""
    try:
        with warnings.catch_warnings(action="error"):
            return re.compile(pattern)
    except (re.error, FutureWarning):
        return None
