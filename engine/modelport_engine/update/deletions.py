"""The order of deletes: layers, in each of which nothing needs anything else."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from modelport_engine.state.resource import Resource
from modelport_engine.update.steps import Step


def layers(steps: Sequence[Step]) -> list[list[Step]]:
    """Group deletes so that a resource goes after everything that needs it, and otherwise as late as possible."""
    remaining = list(steps)
    needs = _needs([step.resource for step in steps])
    result: list[list[Step]] = []
    while remaining:
        here = {step.resource.urn for step in remaining}
        layer = [step for step in remaining if not needs[step.resource.urn] & here]
        assert layer, "state is topologically ordered, so there is always something that needs nothing"
        result.append(layer)
        remaining = [step for step in remaining if step not in layer]
    return result[::-1]


def with_needs(urns: Iterable[str], graph: Mapping[str, Iterable[str]]) -> set[str]:
    """The URNs and, in a graph of what each needs, everything that they need, directly or not."""
    found: set[str] = set()
    open_ends = list(urns)
    while open_ends:
        if (urn := open_ends.pop()) not in found:
            found.add(urn)
            open_ends += graph.get(urn, ())
    return found


def _needs(resources: Sequence[Resource]) -> dict[str, set[str]]:
    """What each resource needs; a component that it depends on stands for its children, too."""
    children = defaultdict(list)
    for resource in resources:
        children[resource.parent].append(resource.urn)

    def descendants(urn: str) -> Iterator[str]:
        for child in children[urn]:
            yield child
            yield from descendants(child)

    needs: dict[str, set[str]] = defaultdict(set)
    for resource in resources:
        mine = resource.needs
        components = mine - {resource.parent, resource.provider_urn}
        needs[resource.urn] |= mine.union(*(descendants(urn) for urn in components)) - {resource.urn}
    return needs
