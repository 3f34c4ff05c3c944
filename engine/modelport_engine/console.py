"""Previews and updates: on a terminal a live tree, in a log a line for each change; messages, and what it came to."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelport_engine import deployment
from modelport_engine.plugins.nursery import Nursery
from modelport_engine.projects.project import Project
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import hide_secrets
from modelport_engine.tree import SIGNS, ResourceTree
from modelport_engine.update.events import Event, OnEvent, internal
from modelport_engine.update.session import Options, Outcome

if TYPE_CHECKING:
    from rich.live import Live

POLICIES = "policies: {evaluated} evaluated, {notApplicable} not applicable, {undecided} undecided"


def deploy(project: Project, given: argparse.Namespace, nursery: Nursery | None = None) -> int:
    """Run preview, up, refresh or destroy as the command line says; returns the exit code."""
    options = replace(_options(given), nursery=nursery)
    with ExitStack() as at_end:
        on_event = _listener(given.json, at_end)
        if given.command == "preview":
            return deployment.preview(project, given.stack, options, on_event=on_event).exit_code
        run = {"up": deployment.up, "refresh": deployment.refresh, "destroy": deployment.destroy}[given.command]
        confirm = None if given.yes else _ask(given.command)
        result = run(project, given.stack, options, on_event=on_event, confirm=confirm)
    if result.outputs and not given.json:
        print(
            "\nOutputs:\n" + "\n".join(f"    {key}: {_shown(value)}" for key, value in sorted(result.outputs.items()))
        )
    return result.exit_code


class Lines:
    """Shows a line for each change, once it is made or planned, and messages."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def __call__(self, event: Event) -> None:
        """Take one event."""
        match event:
            case {"preludeEvent": _}:
                self._told.clear()
            case {"resOutputsEvent": {"metadata": step}} if step["op"] in SIGNS and not internal(event):
                if (change := (step["op"], step["urn"])) not in self._told:  # a preview tells of a component twice
                    self._told.add(change)
                    print(_step(step), flush=True)
            case {"resOpFailedEvent": {"metadata": step}}:
                print(f"{_step(step)}  failed", flush=True)
            case _:
                _print_message(event)


class LiveTree:
    """Shows each run as a tree that moves while it runs and stays when it is over, and messages above it."""

    def __init__(self) -> None:
        self._tree = ResourceTree()
        self._live: Live | None = None

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if "preludeEvent" in event:
            from rich.live import Live

            self._tree = ResourceTree()
            self._live = Live(self._tree, refresh_per_second=8)
            self._live.start()
        self._tree.take(event)
        if "summaryEvent" in event:
            self.close()
        _print_message(event)

    def close(self) -> None:
        """Leave the tree as it is."""
        if self._live:
            self._live.stop()
            self._live = None


def _listener(as_json: bool, at_end: ExitStack) -> OnEvent:
    if as_json:
        return _print_json
    return at_end.enter_context(closing(LiveTree())) if sys.stdout.isatty() else Lines()


def _options(given: argparse.Namespace) -> Options:
    asked = vars(given)
    packs = asked.get("policy_pack", [])
    chosen = {name: asked[name] for name in Options.__dataclass_fields__ if asked.get(name)}
    configs = zip(packs, asked.get("policy_pack_config", []), strict=False)
    return Options(**chosen, policy_packs=packs, policy_config=dict(configs), debug=given.json)


def _ask(command: str) -> Callable[[Outcome], bool]:
    verb = {"up": "update"}.get(command, command)
    return lambda _: input(f"Do you want to perform this {verb}? [y/N] ").strip().lower() in ("y", "yes")


def _print_json(event: Event) -> None:
    if not internal(event):
        print(json.dumps(event, separators=(",", ":"), ensure_ascii=False), flush=True)


def _print_message(event: Event) -> None:
    """What is not about one step: messages of programs and policies, and the sum."""
    match event:
        case {"diagnosticEvent": {"severity": severity, "message": message} as said} if severity != "debug":
            stream = sys.stdout if severity == "info" else sys.stderr
            print(f"{said.get('prefix', '')}{message}".rstrip(), file=stream, flush=True)
        case {"stdoutEvent": {"message": message}}:
            print(message.rstrip(), file=sys.stderr, flush=True)
        case {"policyEvent": said}:
            level = "undecided" if said.get("undecided") else said["enforcementLevel"]
            text = f"{level}: {said['policyName']}: {said['message']}".rstrip()
            print(f"{text}\n  {said['resourceUrn']}", file=sys.stderr, flush=True)
        case {"policyRemediationEvent": done}:
            print(f"remediated: {done['policyName']}\n  {done['resourceUrn']}", file=sys.stderr, flush=True)
        case {"summaryEvent": summary}:
            print(_summary(summary), flush=True)


def _step(step: Mapping[str, Any]) -> str:
    changed = f"  [{', '.join(step['diffs'])}]" if step.get("diffs") else ""
    offline = "  offline" if step.get("offline") else ""
    offline += ", may replace" if step.get("mayReplace") else ""
    return f" {SIGNS.get(step['op'], '  ')} {step['type']} {Urn(step['urn']).name}{changed}{offline}"


def _summary(summary: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count} {op}" for op, count in sorted(summary["resourceChanges"].items()))
    kind = "preview" if summary.get("isPreview") else "run"
    lines = [f"{kind} {summary['result']} in {summary['durationSeconds']} s: {counts or 'no resources'}"]
    if verdicts := summary.get("policies"):
        lines.append(POLICIES.format_map(verdicts))
    return "\n".join(lines)


def _shown(value: Any) -> str:
    return json.dumps(hide_secrets(value), ensure_ascii=False)
