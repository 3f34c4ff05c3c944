"""What a control looks at. Secrets are unwrapped; reading a value that is not known yet raises `UnknownValueError`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy.proxy import UnknownValueError

__all__ = ["Resource", "Stack", "UnknownValueError", "at", "canonical", "is_set", "items", "mapping", "text", "type_of"]

S3_ALIAS = re.compile(r"^(aws:s3/\w+?)[Vv]2:(\w+?)[Vv]2$")
BALANCER_ALIAS = re.compile(r"^aws:(?:alb|applicationloadbalancing|elasticloadbalancingv2)/")


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
    """

    type: str
    name: str
    urn: str
    inputs: Mapping[str, Any]
    stack: Stack = field(default_factory=Stack, repr=False, compare=False)
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    dependencies: Mapping[str, Collection[str]] = field(default_factory=dict, repr=False, compare=False)

    def at(self, *keys: str) -> Any:
        """The input at this path, None where it is missing."""
        return at(self.inputs, *keys)


def type_of(resource: Resource) -> str:
    """What the controls are told apart by."""
    return resource.type


def canonical(type_: str) -> str:
    """A type by the name that the controls know: `BucketV2` is `Bucket`, a listener of `alb` one of `lb`."""
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


def text(value: Any) -> str:
    """The value as text; nothing where it is missing."""
    return "" if value is None else str(value)


def is_set(values: Any, key: str) -> bool:
    """Whether the key has a value, be it one that is not known yet."""
    try:
        value = at(values, key)
    except UnknownValueError:
        return True
    return value is not None and value != ""
