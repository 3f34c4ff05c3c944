"""What a pull request does, and how it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from modelport.reports.comment import comment
from modelport.reports.markdown import code

from .gates import Answer, Gate, exit_code
from .sections import sections, unchecked
from .several import one_junit, one_sarif
from .stack_change import StackChange


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

    def write(self, folder: Path) -> None:
        """Write `comment.md`, `summary.json`, and SARIF and JUnit of every planned stack."""
        reports = {each.stack: each.head.reports for each in self.stacks if each.head.reports}
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in {
            "comment.md": self.comment(),
            "summary.json": json.dumps(self.summary(), indent=2) + "\n",
            "results.sarif": one_sarif({stack: each["sarif"] for stack, each in reports.items()}),
            "junit.xml": one_junit({stack: each["junit"] for stack, each in reports.items()}),
        }.items():
            (folder / name).write_text(text, encoding="utf-8")

    def _found(self) -> Iterator[tuple[str, Gate, str]]:
        for each in self.stacks:
            for gate, what in each.gates(self.allowed):
                yield each.stack, gate, what


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
