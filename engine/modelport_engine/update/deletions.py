"""The order of deletes: layers, in each of which nothing needs anything else."""

from collections.abc import Iterable, Mapping, Sequence

from modelport_engine.update.steps import Step


def layers(steps: Sequence[Step]) -> list[list[Step]]:
    """Group deletes so that a resource goes after everything that needs it, and otherwise as late as possible.

    `steps` come in the opposite order of state. An old object and its successor share a URN, so it is the order that
    tells which resources another can need: those that stand before it. A component that it depends on stands for what
    is inside.
    """
    result: list[list[Step]] = []
    deepest: dict[str, int] = {}
    inside: dict[str, int] = {}
    parents = {step.resource.urn: step.resource.parent for step in steps}
    for step in reversed(steps):
        resource = step.resource
        below = [deepest[urn] for urn in resource.needs if urn in deepest]
        below += [inside[urn] for urn in resource.needs - {resource.parent, resource.provider_urn} if urn in inside]
        level = 1 + max(below, default=-1)
        if level == len(result):
            result.append([])
        result[level].append(step)
        deepest[resource.urn] = max(level, deepest.get(resource.urn, 0))
        ancestor = resource.parent
        while ancestor:
            inside[ancestor] = max(level, inside.get(ancestor, 0))
            ancestor = parents.get(ancestor, "")
    return [layer[::-1] for layer in reversed(result)]


def with_needs(urns: Iterable[str], graph: Mapping[str, Iterable[str]]) -> set[str]:
    """The URNs and, in a graph of what each needs, everything that they need, directly or not."""
    found: set[str] = set()
    open_ends = list(urns)
    while open_ends:
        if (urn := open_ends.pop()) not in found:
            found.add(urn)
            open_ends += graph.get(urn, ())
    return found
