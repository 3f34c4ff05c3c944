"""A pull request's check, from the changed files to what they do.

What compares and tells is imported while the plans are made, so that these begin at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelport.cli.engines.embedded import quick_starts
from modelport.cli.errors import UsageError
from modelport.cli.workspace import find_project
from modelport_engine.plugins.nursery import Nursery

from .pair import JUDGING, Pair
from .revisions import Repository
from .touched import Layout, Touched, plans, touched

if TYPE_CHECKING:
    from .preview import Preview
    from .stack_change import StackChange

Rows = list[Mapping[str, Any]]
"""The resources of an export."""


def check(base: str, allowed: Sequence[str], states: Mapping[str, Path], out: Path) -> Preview:
    """Compare the working tree with where it left a revision.

    Args:
        allowed: URNs that may be replaced.
        states: exported states by stack, to compare the base's plans with.
        out: a folder in which no change counts.

    Raises:
        UsageError: git, the project, a state or the gates are not in order.
    """
    with quick_starts() as nursery:
        repository = Repository.around(find_project().root)
        commit = repository.merge_base(base)
        changed = [
            path for path in repository.changed(commit) if not (repository.top / path).is_relative_to(out.resolve())
        ]
        inside = [path.relative_to(repository.path) for path in changed if path.is_relative_to(repository.path)]
        with repository.checkout(commit) as before:
            layouts = Layout.of(before), Layout.of(repository.project)
            found = touched(inside, *layouts)
            stacks = tuple(_stacks(found, layouts, states, nursery))
            return _preview(found, layouts, stacks, len(changed) - len(inside), tuple(allowed))


def _stacks(
    found: Touched, layouts: tuple[Layout, Layout], states: Mapping[str, Path], nursery: Nursery | None
) -> Iterator[StackChange]:
    """What becomes of each stack."""
    if strays := [stack for stack in states if stack not in {*layouts[0].stacks, *layouts[1].stacks}]:
        raise UsageError(f"--state {strays[0]}=...\n  the project has no such stack.")
    there = {stack: _state(file) for stack, file in states.items()}
    for stack, services in plans(found, *layouts, whole=there).items():
        with Pair.made(stack, services, layouts, nursery) as pair:
            from .stack_change import StackChange

            base, head = pair.sides()
        roots = layouts[0].root, layouts[1].root
        yield StackChange.between(stack, services, base, head, roots, _patched(stack, *layouts), there.get(stack))


def _state(file: Path) -> Rows:
    """The resources of an exported state."""
    try:
        resources: Rows = json.loads(file.read_bytes())["deployment"]["resources"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{file}\n  no deployment export: {error}. `pulumi stack export --file FILE` writes one."
        ) from None
    return [row for row in resources if not row.get("delete")]


def _preview(
    found: Touched,
    layouts: tuple[Layout, Layout],
    stacks: tuple[StackChange, ...],
    outside: int,
    allowed: tuple[str, ...],
) -> Preview:
    from .exempted import new_exemptions
    from .gates import read_gates
    from .preview import Preview

    base, head = layouts
    exemptions = new_exemptions(base.root, head.root)
    return Preview(stacks, _judging(found, base, head), exemptions, outside, read_gates(base.root), allowed)


def _patched(stack: str, base: Layout, head: Layout) -> tuple[str, ...]:
    """The resources whose `modelport:resources` is another than before."""
    before, after = (each.stacks.get(stack, {}).get("modelport:resources") or {} for each in (base, head))
    return tuple(name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name))


def _judging(found: Touched, base: Layout, head: Layout) -> tuple[str, ...]:
    keys = [
        f"{stack}: {key}"
        for stack in dict.fromkeys([*base.stacks, *head.stacks])
        for key in dict.fromkeys([*base.stacks.get(stack, {}), *head.stacks.get(stack, {})])
        if key.startswith(JUDGING) and base.stacks.get(stack, {}).get(key) != head.stacks.get(stack, {}).get(key)
    ]
    return (*(path.as_posix() for path in found.policies), *keys)
