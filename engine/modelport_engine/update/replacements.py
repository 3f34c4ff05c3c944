"""What must go with a resource that is deleted before its replacement is made."""

from collections.abc import Container, Sequence, Set
from dataclasses import replace
from typing import Any, Protocol

from modelport_engine.plugins.provider import Difference
from modelport_engine.protocol import paths
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import UNKNOWN
from modelport_engine.state.resource import Resource


class Providers(Protocol):
    """Gives the provider that manages a resource."""

    async def of(self, resource: Resource) -> Any:
        """The configured provider of a custom resource."""


async def dependents_to_replace(
    root: Resource, olds: Sequence[Resource], providers: Providers, registered: Container[str]
) -> list[tuple[Resource, tuple[str, ...]]]:
    """The resources that cannot outlive `root`, each with the properties that force it, the last made first.

    `olds` are all of the old state, also what waits for its deletion. A resource that was registered before cannot
    depend on the root any more; one that depends on it only by `dependsOn` stays.
    """
    gone = {root.urn}
    found: list[tuple[Resource, tuple[str, ...]]] = []
    for resource in olds:
        if not resource.custom or resource.external or (resource.urn in registered and not resource.delete):
            continue
        replaced, keys = await _goes_with(resource, gone, providers)
        if replaced:
            gone.add(resource.urn)
            found.append((resource, keys))
    return found[::-1]


def replace_on_changes(difference: Difference, patterns: Sequence[str]) -> Difference:
    """The difference where a change of a property that matches a pattern forces a replacement."""
    changed = difference.details or difference.changes
    forced = [path for path in changed if path not in difference.replaces and paths.matches(patterns, path)]
    if not (forced and difference.changed):
        return difference
    details = difference.details and {
        path: (f"{kind}-replace" if path in forced else kind, own) for path, (kind, own) in difference.details.items()
    }
    return replace(difference, replaces=(*difference.replaces, *forced), details=details)


async def _goes_with(resource: Resource, gone: Set[str], providers: Providers) -> tuple[bool, tuple[str, ...]]:
    """Whether a resource is replaced with what goes, and for which properties.

    It is when its provider goes, or what it is deleted with; else, when its provider would replace it for a property
    that comes from what goes, and is not known until that has been made again.
    """
    if gone & {resource.provider_urn, resource.deleted_with}:
        return True, ()
    depends = {key for key, urns in resource.property_dependencies.items() if not gone.isdisjoint(urns)}
    if not depends:
        return False, ()
    inputs = {key: UNKNOWN if key in depends else value for key, value in resource.inputs.items()}
    provider = await providers.of(resource)
    difference = await provider.diff(
        Urn(resource.urn), resource.id, resource.inputs, resource.outputs, inputs, resource.ignore_changes
    )
    keys = replace_on_changes(difference, resource.replace_on_changes).replaces
    return bool(keys), keys
