"""What must go with a resource that is deleted before its replacement is made."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import UNKNOWN
from modelport_engine.state.resource import Resource
from modelport_engine.update.goals import Goal


class Providers(Protocol):
    """Gives the provider that manages a resource."""

    async def of(self, resource: Resource) -> Any:
        """The configured provider of a custom resource."""


async def dependents_to_replace(
    root: Resource, olds: Sequence[Resource], providers: Providers, goals: Mapping[str, Goal]
) -> list[tuple[Resource, tuple[str, ...]]]:
    """The resources that cannot outlive `root`, each with the properties that force it, the last made first.

    A dependent is replaced when its provider would replace it for a property that comes from what is replaced: that
    property is not known until then. A resource that was registered before cannot depend on the root any more; one that
    depends on it only by `dependsOn` stays.
    """
    gone = {root.urn}
    found: list[tuple[Resource, tuple[str, ...]]] = []
    for resource in olds:
        depends = {key for key, urns in resource.property_dependencies.items() if gone.intersection(urns)}
        if not resource.custom or not depends or resource.urn in goals:
            continue
        inputs = {key: UNKNOWN if key in depends else value for key, value in resource.inputs.items()}
        provider = await providers.of(resource)
        difference = await provider.diff(
            Urn(resource.urn), resource.id, resource.inputs, resource.outputs, inputs, resource.ignore_changes
        )
        if difference.replaces:
            gone.add(resource.urn)
            found.append((resource, difference.replaces))
    return found[::-1]
