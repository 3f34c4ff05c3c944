"""What a control looks at. Secrets are unwrapped; reading a value that is not known yet raises `UnknownValueError`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy.proxy import UnknownValueError

__all__ = [
    "Resource",
    "Stack",
    "UnknownValueError",
    "at",
    "canonical",
    "document",
    "is_filled",
    "is_set",
    "items",
    "mapping",
    "number",
    "several",
    "text",
    "type_of",
]

S3_ALIAS = re.compile(r"^(aws:s3/\w+?)[Vv]2:(\w+?)[Vv]2$")
BALANCER_ALIAS = re.compile(r"^aws:(?:alb|applicationloadbalancing|elasticloadbalancingv2)/")
AZURE = re.compile(r"^azure-native(?:_\w+)?:(\w+)(?:/v\w+)?:(\w+)$")
"""A type of Azure's: the version of its API is in the module, or in the name of a package of its own, or nowhere."""
MOVED = {
    **dict.fromkeys((("insights", kind) for kind in ("Component", "Workbook")), "applicationinsights"),
    **dict.fromkeys((("network", kind) for kind in ("PrivateZone", "VirtualNetworkLink")), "privatedns"),
}
"""Where the third version of Azure's provider has what the second had in another module."""


class Stack(list["Resource"]):
    """All resources of a stack. What is asked of it more than once is worked out once."""

    def __init__(self, resources: Sequence[Resource] = ()):
        super().__init__(resources)
        self._groups: dict[Callable[[Resource], Hashable], dict[Hashable, list[Resource]]] = {}

    def by(self, key: Callable[[Resource], Hashable]) -> Mapping[Hashable, Sequence[Resource]]:
        """The resources grouped by what a function says of each; call it when the stack is complete."""
        if key not in self._groups:
            groups: dict[Hashable, list[Resource]] = {}
            for resource in self:
                groups.setdefault(key(resource), []).append(resource)
            self._groups[key] = groups
        return self._groups[key]


@dataclass(frozen=True)
class Resource:
    """One resource of a stack.

    Attributes:
        stack: all resources, when the control judges the stack as a whole.
        parameters: of the control that looks at it.
        dependencies: the URNs of what each property is made from, when the control judges the stack as a whole.
        external: whether something else manages it, and the stack only reads it.
    """

    type: str
    name: str
    urn: str
    inputs: Mapping[str, Any]
    stack: Stack = field(default_factory=Stack, repr=False, compare=False)
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    dependencies: Mapping[str, Collection[str]] = field(default_factory=dict, repr=False, compare=False)
    external: bool = False

    def at(self, *keys: str) -> Any:
        """The input at this path, None where it is missing."""
        return at(self.inputs, *keys)


def type_of(resource: Resource) -> str:
    """What the controls are told apart by."""
    return resource.type


def canonical(type_: str) -> str:
    """A type by the name that the controls know: `BucketV2` is `Bucket`, a listener of `alb` one of `lb`, a type of
    Azure's without the version of its API.
    """
    if azure := AZURE.match(type_):
        module, kind = azure.groups()
        module = MOVED.get((module, kind), "monitor" if module == "insights" else module)
        return f"azure-native:{module}:{kind}"
    return BALANCER_ALIAS.sub("aws:lb/", S3_ALIAS.sub(r"\1:\2", type_))


def at(value: Any, *keys: str) -> Any:
    """The value at this path of nested mappings, None where a step is missing or no mapping."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> Sequence[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def number(value: Any, default: float) -> float:
    """A number as it is; the default for what is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default


def text(value: Any) -> str:
    """The value as text; nothing where it is missing."""
    return "" if value is None else str(value)


def is_set(values: Any, *keys: str) -> bool:
    """Whether there is a value at this path, be it one that is not known yet."""
    try:
        value = at(values, *keys)
    except UnknownValueError:
        return True
    return value is not None and value != ""


def is_filled(resource: Resource, *keys: str) -> bool:
    """Whether a list has something in it, be it something that is not known yet."""
    try:
        return bool(items(resource.at(*keys)))
    except UnknownValueError:
        return True


def several(value: Any) -> list[Any]:
    """The values of an element that may be one or a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str | Mapping) else list(items(value))


def document(value: Any) -> Any:
    """What JSON text says, or an object in its place; None for text that is no JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None
