"""A pull request's check, from the changed files to the comment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from modelport.cli.engines.embedded import preload, quick_starts
from modelport.cli.errors import UsageError
from modelport.cli.workspace import Workspace, find_project
from modelport.reports.comment import comment
from modelport.reports.comparison import Row
from modelport.reports.markdown import code
from modelport_engine.plugins.nursery import Nursery

from .exempted import new_exemptions
from .gates import Answer, Gate, exit_code, read_gates
from .revisions import Repository
from .sections import sections, unchecked
from .several import one_junit, one_sarif
from .side import Judges, Planning, Side, Wish
from .stack_change import StackChange
from .touched import Layout, Touched, plans, touched

JUDGING = "modelport-policies:"
"""How the keys of a stack's config begin by which it is judged."""


@dataclass(frozen=True)
class Preview:
    """What a pull request does.

    Attributes:
        judging: files and keys that change by which stacks are judged; they are judged as in the base.
        exemptions: those that it adds, in words.
        outside: how many changed files lie outside the project.
        allowed: URNs that may be replaced.
    """

    stacks: tuple[StackChange, ...]
    judging: tuple[str, ...]
    exemptions: tuple[str, ...]
    outside: int
    gates: dict[Gate, Answer]
    allowed: tuple[str, ...]

    @property
    def failing(self) -> list[str]:
        """What fails the check, in words."""
        return [f"{gate}: {what}" for _, gate, what in self._found() if self.gates[gate] == "fail"]

    @property
    def exit_code(self) -> int:
        """What the command exits with."""
        return exit_code(self.gates, {gate for _, gate, _ in self._found()})

    @property
    def verdict(self) -> str:
        """In a sentence."""
        changed = [each.owner for stack in self.stacks for each in stack.changed]
        services = {owner.service for owner in changed if owner.service}
        if failing := self.failing:
            return f"modelport: {len(failing)} reason{'s' * (len(failing) != 1)} to stop"
        if not changed:
            return "modelport: nothing changes"
        return f"modelport: {len(services)} service{'s' * (len(services) != 1)} change{'s' * (len(services) == 1)}"

    def comment(self) -> str:
        """The comment as Markdown."""
        changed = ", ".join(map(code, self.judging))
        notices = [f"This changes what stacks are judged by; it was judged as before: {changed}"] if changed else []
        parts = sections(self.stacks, self.failing, self.exemptions)
        return comment(self.verdict, notices, parts, unchecked(self.stacks, self.outside))

    def summary(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "version": 1,
            "verdict": self.verdict,
            "exitCode": self.exit_code,
            "failing": self.failing,
            "judging": list(self.judging),
            "exemptions": list(self.exemptions),
            "gates": [{"stack": stack, "gate": gate, "what": what} for stack, gate, what in self._found()],
            "stacks": [_plain(each) for each in self.stacks],
        }

    def _found(self) -> Iterator[tuple[str, Gate, str]]:
        for each in self.stacks:
            for gate, what in each.gates(self.allowed):
                yield each.stack, gate, what


def preview(base: str, allowed: Sequence[str], states: Mapping[str, Path], out: Path) -> Preview:
    """Compare the working tree with where it left a revision.

    Args:
        states: exported states by stack, to compare the base's plans with.
        out: a folder in which no change counts.

    Raises:
        UsageError: git, the project, a state or the gates are not in order.
    """
    with quick_starts() as nursery:
        return _preview(base, allowed, states, out, nursery)


def _preview(
    base: str, allowed: Sequence[str], states: Mapping[str, Path], out: Path, nursery: Nursery | None
) -> Preview:
    repository = Repository.around(find_project().root)
    commit = repository.merge_base(base)
    changed = [path for path in repository.changed(commit) if not (repository.top / path).is_relative_to(out.resolve())]
    inside = [path.relative_to(repository.path) for path in changed if path.is_relative_to(repository.path)]
    with repository.checkout(commit) as before:
        layouts = Layout.of(before), Layout.of(repository.project)
        found = touched(inside, *layouts)
        if strays := [stack for stack in states if stack not in {*layouts[0].stacks, *layouts[1].stacks}]:
            raise UsageError(f"--state {strays[0]}=...\n  the project has no such stack.")
        there = {stack: _state(file) for stack, file in states.items()}
        stacks = _stacks(plans(found, *layouts, whole=states), layouts, there, nursery)
        return Preview(
            tuple(stacks),
            _judging(found, *layouts),
            new_exemptions(before, repository.project),
            len(changed) - len(inside),
            read_gates(before),
            tuple(allowed),
        )


def _stacks(
    wanted: dict[str, frozenset[str] | None],
    layouts: tuple[Layout, Layout],
    states: Mapping[str, list[Row]],
    nursery: Nursery | None,
) -> Iterator[StackChange]:
    """Each stack's two plans, made side by side."""
    for stack, services in wanted.items():
        with ExitStack() as around:
            making = [_planning(stack, services, layout, layouts[0], nursery) for layout in layouts]
            for each in making:
                if each:
                    around.callback(each.stop)
            base, head = (each.side() if each else Side() for each in making)
        roots = layouts[0].root, layouts[1].root
        patched = _patched(stack, *layouts)
        yield StackChange.between(stack, services, base, head, roots, patched, states.get(stack))


def _state(file: Path) -> list[Row]:
    """The resources of an exported state."""
    try:
        resources: list[Row] = json.loads(file.read_bytes())["deployment"]["resources"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{file}\n  no deployment export: {error}. `pulumi stack export --file FILE` writes one."
        ) from None
    return [row for row in resources if not row.get("delete")]


def _planning(
    stack: str, services: frozenset[str] | None, layout: Layout, base: Layout, nursery: Nursery | None
) -> Planning | None:
    """A side's plan in the making; None where the side has no such stack, or none of the services."""
    own = None if services is None else tuple(sorted(services & layout.services_of(stack)))
    if stack not in layout.stacks or own == ():
        return None
    preload(nursery, Workspace.find(stack, layout.root))
    return Planning(Wish(str(layout.root), stack, own, _judges(stack, base)), nursery)


def _judges(stack: str, base: Layout) -> Judges:
    config = base.stacks.get(stack, {})
    profile, parameters = (config.get(f"{JUDGING}{name}") for name in ("profile", "parameters"))
    return Judges(str(base.root), profile, parameters if isinstance(parameters, dict) else {})


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


def _plain(stack: StackChange) -> dict[str, Any]:
    return {
        "stack": stack.stack,
        "services": None if stack.services is None else sorted(stack.services),
        "errors": list(stack.head.errors),
        "changed": [
            {
                **each.owner._asdict(),
                "effect": asdict(each.effect) if each.owner.target else None,
                "changes": [asdict(change) for change in each.changes],
            }
            for each in stack.changed
        ],
        "violations": stack.new_violations,
        "mended": stack.mended,
    }


def write(found: Preview, folder: Path) -> None:
    """Write `comment.md`, `summary.json`, and SARIF and JUnit of every planned stack."""
    reports = {each.stack: each.head.reports for each in found.stacks if each.head.reports}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "comment.md": found.comment(),
        "summary.json": json.dumps(found.summary(), indent=2) + "\n",
        "results.sarif": one_sarif({stack: each["sarif"] for stack, each in reports.items()}),
        "junit.xml": one_junit({stack: each["junit"] for stack, each in reports.items()}),
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
