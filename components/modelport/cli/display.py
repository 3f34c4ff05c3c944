"""How a run looks: a line per resource when it is done, and on a terminal those that still go on, with their time."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.live import Live
from rich.table import Table
from rich.text import Text

from modelport_engine.protocol.paths import inside, parse

from .console import console
from .report import Event, Report, Step, is_undecided

MARKS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "yellow"),
    "create-replacement": ("±", "yellow"),
    "delete": ("-", "red"),
    "delete-replaced": ("-", "red"),
    "read": ("<", "cyan"),
    "same": (" ", "dim"),
}
PAST = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "create-replacement": "replaced",
    "delete": "deleted",
    "delete-replaced": "deleted",
}
FOUND = {"update": "is not as it was left", "delete": "is gone"}
"""What a refresh comes upon."""
LOGICAL = ("replace",)
"""Operations that are the sum of others which are shown."""
HIDDEN = "[secret]"
VALUE_WIDTH = 60
KIND_WIDTH, NAME_WIDTH = 8, 36


class Display:
    """Shows the events of one command. With `as_json`, passes them on a line each instead."""

    def __init__(self, *, as_json: bool = False):
        self.report = Report()
        self._json = as_json
        self._preview_only = False
        self._planned: list[Step] = []
        self._live: Live | None = None
        self._told: set[str] = set()

    @contextmanager
    def shown(self, *, preview_only: bool) -> Iterator[Display]:
        """While a run goes on. Lines of a preview are printed as they come only when it is all that runs."""
        self._preview_only = preview_only
        if self._json or not console().is_terminal:
            yield self
            return
        with Live(console=console(), get_renderable=self._running, refresh_per_second=8, transient=True) as self._live:
            yield self
        self._live = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While the user is asked something: shows what the preview planned."""
        live, self._live = self._live, None
        if live:
            live.stop()
        self._show_steps()
        yield
        if live:
            live.start()
            self._live = live

    def event(self, event: Event) -> None:
        """Take one event."""
        if self._json:
            sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        step = self.report.take(event)
        if "preludeEvent" in event:
            self._planned = []
        if self._json:
            return
        if step and step.ended and step.visible and step.op not in LOGICAL and not self._as_expected(step):
            self._planned.append(step)
        if message := event.get("diagnosticEvent"):
            self._diagnostic(message)
        if said := event.get("stdoutEvent"):
            self._tell(said["message"].rstrip(), "yellow")
        if violation := event.get("policyEvent"):
            self._violation(violation)
        if rewriting := event.get("policyRemediationEvent"):
            self._rewriting(rewriting)
        if summary := event.get("summaryEvent"):
            self._summary(summary)

    def _as_expected(self, step: Step) -> bool:
        """Whether a preview has looked at it and found nothing."""
        return self._preview_only and step.found and step.op == "same"

    def _summary(self, summary: dict[str, Any]) -> None:
        if summary.get("isPreview") and not self._preview_only:
            return
        self._show_steps()

    def _show_steps(self) -> None:
        """What was planned or done, in columns; a preview tells what changes."""
        kind = max([KIND_WIDTH, *(len(step.kind) for step in self._planned)])
        name = max([NAME_WIDTH, *(len(step.name) for step in self._planned)])
        for step in self._planned:
            console().print(_line(step, kind, name))
            for line in _changes(step) if self._preview_only else ():
                console().print(line)

    def _diagnostic(self, message: dict[str, Any]) -> None:
        if message["severity"] == "debug" or not message["message"].strip():
            return
        style = {"error": "red", "warning": "yellow"}.get(message["severity"], "dim")
        if message.get("ephemeral"):
            if self._live is None:
                console(stderr=True).print(Text("  " + message["message"].strip(), style="dim"))
            return
        self._tell(message["message"].rstrip(), style)
        if message["severity"] == "error":
            self._advise(message["message"])

    def _advise(self, error: str) -> None:
        from modelport.targets.advice import advice

        if hint := advice(error):
            self._tell(f"  {hint}", "yellow")

    def _violation(self, violation: dict[str, Any]) -> None:
        level = violation["enforcementLevel"]
        if level == "disabled":
            return
        rule, (title, _, reason) = violation["policyName"], violation["message"].strip().partition("\n")
        if is_undecided(violation):
            level, title, reason = "undecided", rule, title.rpartition(": ")[2]
        title = title if title.startswith(rule) else f"{rule} {title}"
        name = violation["resourceUrn"].rsplit("::", 1)[-1] if violation.get("resourceUrn") else "stack"
        text = f"{level:<10} {title}\n  {name}: {reason}"
        self._tell(text, "red" if level == "mandatory" else "yellow")

    def _rewriting(self, done: dict[str, Any]) -> None:
        """What a policy made of a resource before anything else judged it."""
        from modelport.reports.comparison import differing

        old, new, name = done["before"], done["after"], done["resourceUrn"].rsplit("::", 1)[-1]
        paths = differing(old, new, below=inside)
        lines = [f"\n  {name}: {path}: {_value(old, path)} -> {_value(new, path)}" for path in paths]
        self._tell(f"{'rewritten':<10} {done['policyName']}{''.join(lines)}", "yellow")

    def _tell(self, text: str, style: str) -> None:
        """Say it once: `up` comes upon what its preview came upon."""
        if text not in self._told:
            self._told.add(text)
            console(stderr=True).print(Text(text, style=style))

    def _running(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for step in self.report.steps.values():
            if step.visible and step.ended is None:
                seconds = f"{time.monotonic() - step.began:.0f} s"
                table.add_row(f"  {MARKS.get(step.op, ('?', ''))[0]} {step.kind}", step.name, seconds)
        return table


def _line(step: Step, kind: int, name: int) -> Text:
    mark, style = MARKS.get(step.op, ("?", ""))
    detail = "failed" if step.failed else _detail(step)
    text = f"  {mark} {step.kind:<{kind}} {step.name:<{name}} {detail}"
    return Text(text.rstrip(), style="red" if step.failed else style)


def _detail(step: Step) -> str:
    """What a person wants to know of a resource that is done."""
    if step.found and step.op in FOUND:
        return FOUND[step.op]
    outputs = step.new.get("outputs") or {}
    if step.op in ("create", "update", "create-replacement") and isinstance(outputs.get("readySeconds"), (int, float)):
        return f"ready in {outputs['readySeconds']:.1f} s, sample answered"
    if step.op == "same":
        return "unchanged"
    return "offline, may replace" if step.may_replace else "offline" if step.offline else ""


def _changes(step: Step) -> list[Text]:
    """The properties that change, old and new, for an update or a replacement."""
    if step.op not in ("update", "create-replacement", "replace"):
        return []
    old, new = step.old.get("inputs") or {}, step.new.get("inputs") or {}
    names = step.changed or sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    return [Text(f"      {name}: {_value(old, name)} -> {_value(new, name)}", style="dim") for name in names]


def _value(values: Any, path: str) -> str:
    """What is at a path such as `spec.ports[0].port`, in short."""
    for part in parse(path):
        if values == HIDDEN:
            return HIDDEN
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return "(none)"
    text = json.dumps(values, ensure_ascii=False)
    if HIDDEN in text or '"ciphertext"' in text:
        return HIDDEN
    return text if len(text) <= VALUE_WIDTH else f"{text[: VALUE_WIDTH - 2]} …"
