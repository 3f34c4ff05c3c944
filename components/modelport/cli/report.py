"""What the events of a run add up to."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .errors import FAILED, OK, POLICY, REFUSED, USAGE

REFUSAL = re.compile(r"\bMP4\d\d\b")
PROBLEMS = re.compile(r"^(\d+) problems?, nothing was changed\.$", re.MULTILINE)
HIDDEN_TYPES = ("pulumi:pulumi:Stack", "pulumi:providers:")
UNCHANGED = ("same", "read")

Event = dict[str, Any]


@dataclass
class Step:
    """One resource and what happens to it, or would (`planned`), or was `found` to have happened.

    Times are in seconds of a monotonic clock.
    """

    op: str
    urn: str
    old: dict[str, Any]
    new: dict[str, Any]
    changed: list[str]
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    failed: bool = False
    offline: bool = False
    may_replace: bool = False
    found: bool = False
    planned: bool = False

    @property
    def done(self) -> bool:
        """Whether it has happened."""
        return self.ended is not None and not self.failed and not self.planned

    @property
    def token(self) -> str:
        """Its type."""
        return self.urn.split("::")[2].split("$")[-1]

    @property
    def kind(self) -> str:
        """The last word of its type, in lower case: `server`."""
        return self.token.split(":")[-1].lower()

    @property
    def name(self) -> str:
        """Its logical name."""
        return self.urn.split("::")[3]

    @property
    def visible(self) -> bool:
        """Whether people want to see it: not the stack itself, nor providers, nor components that only hold others."""
        return not self.token.startswith(HIDDEN_TYPES) and bool((self.new or self.old).get("custom"))


class Report:
    """Takes the events of one or more runs in order.

    Attributes:
        steps: the last run's steps by URN and operation, in the order in which they began.
        errors: what went wrong, in words.
        violations: policy events, of the last run that had any.
        undecided: policy events that say that a value was not known, of the same run.
        preview: whether the events of the moment belong to a preview.
    """

    def __init__(self) -> None:
        self.steps: dict[tuple[str, str], Step] = {}
        self.errors: list[str] = []
        self.violations: list[dict[str, Any]] = []
        self.undecided: list[dict[str, Any]] = []
        self._judged = 0
        self._concerned: set[str] = set()
        self._unconcerned: set[str] = set()
        self.summaries: list[dict[str, Any]] = []

    def take(self, event: Event) -> Step | None:
        """Add one event; gives the step that it is about, if any."""
        if "preludeEvent" in event:
            self.steps, self.violations, self.undecided, self._judged = {}, [], [], 0
            self._concerned, self._unconcerned = set(), set()
        elif pre := event.get("resourcePreEvent"):
            return self._begin(pre["metadata"])
        elif done := event.get("resOutputsEvent") or event.get("resOpFailedEvent"):
            step = self._end(done["metadata"], failed="resOpFailedEvent" in event)
            step.planned = bool(done.get("planning"))
            return step
        elif (message := event.get("diagnosticEvent")) and message["severity"] == "error":
            self.errors.append(message["message"].strip())
        elif violation := event.get("policyEvent"):
            (self.undecided if is_undecided(violation) else self.violations).append(violation)
        elif judged := event.get("policyAnalyzeSummaryEvent") or event.get("policyAnalyzeStackSummaryEvent"):
            decided = [*judged.get("passed", ()), *judged.get("failed", ())]
            self._judged += len(decided)
            self._concerned.update(decided, judged.get("undecided", ()))
            self._unconcerned.update(judged.get("notApplicable", ()))
        elif summary := event.get("summaryEvent"):
            self.summaries.append(summary)
        return None

    @property
    def evaluated(self) -> int:
        """How often the last run's policies judged a resource, or the stack."""
        return self._judged - len(self.undecided)

    @property
    def not_applicable(self) -> int:
        """How many policies of the last run have nothing to say of any resource."""
        return len(self._unconcerned - self._concerned)

    def changes(self) -> Counter[str]:
        """Resources that people see, by operation, without those that stay as they are."""
        return Counter(step.op for step in self.steps.values() if step.visible and step.op not in UNCHANGED)

    @property
    def proposed(self) -> int:
        """How many resources the last run changed or would change, as the engine counts them."""
        counts = self.summaries[-1].get("resourceChanges") or {} if self.summaries else {}
        return sum(count for op, count in counts.items() if op not in (*UNCHANGED, "refresh"))

    def deployment(self) -> dict[str, Any]:
        """What the last run leaves or would leave, as a deployment export; secrets hidden, unknowns as the sentinel."""
        left = [step.new for step in self.steps.values() if step.new and not step.op.startswith(("delete", "discard"))]
        by_urn = {state["urn"]: _exported(state) for state in left}
        now = datetime.now(UTC).isoformat()
        return {
            "version": 3,
            "deployment": {"manifest": {"time": now, "magic": "", "version": ""}, "resources": list(by_urn.values())},
        }

    def exit_code(self, engine_code: int) -> int:
        """What `modelport` exits with: wrong config before refused before policy before failed."""
        text = "\n".join(self.errors)
        problems, refusals = sum(int(count) for count in PROBLEMS.findall(text)), len(REFUSAL.findall(text))
        if problems > refusals:
            return USAGE
        if refusals:
            return REFUSED
        if engine_code and any(violation["enforcementLevel"] == "mandatory" for violation in self.violations):
            return POLICY
        return FAILED if engine_code else OK

    def _begin(self, metadata: dict[str, Any]) -> Step:
        changed = sorted(metadata.get("detailedDiff") or metadata.get("diffs") or [])
        step = Step(metadata["op"], metadata["urn"], metadata.get("old") or {}, metadata.get("new") or {}, changed)
        self.steps[step.urn, step.op] = step
        return step

    def _end(self, metadata: dict[str, Any], *, failed: bool) -> Step:
        urn = metadata["urn"]
        step = self.steps.get((urn, metadata["op"])) or self.steps.get((urn, "refresh")) or self._begin(metadata)
        step.op, step.new = metadata["op"], metadata.get("new") or {}
        if step.op == "refresh":
            step.op, step.found = _found(step), True
        step.ended, step.failed = time.monotonic(), failed
        step.offline, step.may_replace = bool(metadata.get("offline")), bool(metadata.get("mayReplace"))
        return step


def is_undecided(violation: dict[str, Any]) -> bool:
    """Whether a policy event only says that a value was not known, in the words of the policy SDK."""
    return violation["message"].startswith("can't run policy ")


def _exported(state: dict[str, Any]) -> dict[str, Any]:
    """A state of an event as an entry of an export: there, what is empty is left out."""
    kept = ("urn", "custom", "id", "type", "inputs", "outputs", "parent", "protect", "external", "provider")
    return {"urn": state["urn"], "custom": False} | {key: state[key] for key in kept if state.get(key)}


def _found(step: Step) -> str:
    """What a refresh came upon, as the operation that would have led to it."""
    if not step.new:
        return "delete"
    return "same" if step.old.get("outputs") == step.new.get("outputs") else "update"
