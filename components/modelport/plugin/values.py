"""Property values of the protocol as plain Python values, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pulumi
from pulumi.output import _OutputData
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.resource import DependencyResource
from pulumi.runtime.rpc import UNKNOWN

Properties = Mapping[str, PropertyValue]


def plain(value: PropertyValue) -> Any:
    """The bare value: neither secret nor dependency; what is unknown stays `UNKNOWN`. Whole numbers become int."""
    inner = value.value
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    if isinstance(inner, Mapping):
        return {name: plain(item) for name, item in inner.items()}
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [plain(item) for item in inner]
    return inner


def plain_map(values: Properties) -> dict[str, Any]:
    """`plain` of each value."""
    return {name: plain(value) for name, value in values.items()}


def property_value(value: Any) -> PropertyValue:
    """The protocol's value of a plain one."""
    if isinstance(value, bool) or not isinstance(value, int | float | list | tuple | Mapping):
        return PropertyValue(value)
    if isinstance(value, Mapping):
        return PropertyValue({name: property_value(item) for name, item in value.items()})
    if isinstance(value, list | tuple):
        return PropertyValue([property_value(item) for item in value])
    return PropertyValue(float(value))


def property_values(values: Mapping[str, Any], given: Properties) -> dict[str, PropertyValue]:
    """The protocol's values of outputs; secret where the input of the same name is."""
    secret = {name for name, value in given.items() if value.contains_secret()}
    return {name: property_value(value).with_secret(name in secret) for name, value in values.items()}


def as_input(value: PropertyValue) -> Any:
    """What a component takes: the plain value, or an Output where it is secret, unknown, or depends on a resource."""
    inner = plain(value)
    if inner != UNKNOWN and not value.contains_secret() and not value.all_dependencies():
        return inner
    data: asyncio.Future[_OutputData[Any]] = asyncio.get_running_loop().create_future()
    resources: set[pulumi.Resource] = {DependencyResource(urn) for urn in value.all_dependencies()}
    data.set_result(
        _OutputData(resources, None if inner == UNKNOWN else inner, inner != UNKNOWN, value.contains_secret())
    )
    return pulumi.Output._from_data(data)


async def resolved(value: Any) -> PropertyValue:
    """The protocol's value of what a component gives: Outputs anywhere inside, each unknown or secret by itself."""
    if isinstance(value, Mapping):
        return PropertyValue({name: await resolved(item) for name, item in value.items()})
    if isinstance(value, list | tuple):
        return PropertyValue([await resolved(item) for item in value])
    if not isinstance(value, pulumi.Output):
        return property_value(value)
    known = property_value(await value.future()) if await value.is_known() else PropertyValue(UNKNOWN)
    dependencies = await _urns(await value.resources())
    return known.with_secret(await value.is_secret()).with_dependencies(dependencies)


async def _urns(resources: Iterable[pulumi.Resource]) -> set[str]:
    return {urn for resource in resources if (urn := await resource.urn.future())}
