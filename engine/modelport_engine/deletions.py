"""The order of deletes: layers, in each of which nothing needs anything else."""

from collections.abc import Sequence

from modelport_engine.steps import Step


def layers(steps: Sequence[Step]) -> list[list[Step]]:
    """Group deletes so that a resource goes after everything that needs it: dependents, children, managed resources.

    A component stands for its children: what depends on it goes before them.
    """
    remaining = list(steps)
    result = []
    while remaining:
        needed: set[str] = set()
        for step in remaining:
            needed |= step.resource.needs
        layer = [step for step in remaining if step.resource.urn not in needed]
        assert layer, "state is topologically ordered, so there is always something that nobody needs"
        result.append(layer)
        remaining = [step for step in remaining if step not in layer]
    return result
