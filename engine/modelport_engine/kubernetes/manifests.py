"""Objects as an update applies them, from the resources that a preview has planned. Nobody is asked for anything."""

from collections.abc import Callable, Iterator
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.kubernetes.checks import checked
from modelport_engine.kubernetes.objects import AUTONAMED, Object, from_properties, is_set
from modelport_engine.kubernetes.ownership import without_ignored
from modelport_engine.protocol import paths
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import UNKNOWN, Secret
from modelport_engine.state.resource import Resource


class NoManifest(EngineError):
    """A resource is no object that can be written down; the message has all reasons, a line each."""


def manifest(resource: Resource, namespace: str = "") -> Object:
    """The object that is applied for a resource of the package `kubernetes`.

    Fields whose changes the program ignores are left out, as in every update once others have set them. `namespace` is
    where objects go that name none.

    Raises:
        NoManifest: a value is secret or only known after an update, or the name would be another one each time.
    """
    urn = Urn(resource.urn)
    try:
        properties = checked(urn, {}, resource.inputs, b"", lambda: namespace)
    except ValueError as error:
        raise NoManifest(str(error)) from error
    reasons = [f"{path} is secret" for path in _places(properties, lambda value: isinstance(value, Secret))]
    reasons += [f"{path} is known only after an update" for path in _places(properties, lambda value: value is UNKNOWN)]
    object = from_properties(properties)
    if is_set(object, AUTONAMED):
        reasons.append("metadata.name is missing, and would be another one each time")
    if reasons:
        raise NoManifest("\n".join(reasons))
    return without_ignored(object, {}, "", resource.ignore_changes)


def _places(value: Any, wanted: Callable[[Any], bool], path: str = "") -> Iterator[str]:
    """The paths of what is wanted of a value."""
    if wanted(value):
        yield path
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from _places(value[key], wanted, paths.inside(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, wanted, f"{path}[{index}]")
