"""Previews and updates on a terminal or in a log: a line for each change, messages, and what it came to."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from modelport_engine import deployment
from modelport_engine.plugins.nursery import Nursery
from modelport_engine.projects.project import Project
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import hide_secrets
from modelport_engine.update.events import Event, internal
from modelport_engine.update.session import Options, Outcome

SIGNS = {
    "create": "+ ",
    "update": "~ ",
    "delete": "- ",
    "replace": "+-",
    "create-replacement": "++",
    "delete-replaced": "--",
    "read": "> ",
    "refresh": "~ ",
    "discard": "< ",
}


def deploy(project: Project, given: argparse.Namespace, nursery: Nursery | None = None) -> int:
    """Run preview, up, refresh or destroy as the command line says; returns the exit code."""
    on_event = _print_json if given.json else _print_plain
    options = replace(_options(given), nursery=nursery)
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


def _options(given: argparse.Namespace) -> Options:
    asked = vars(given)
    packs = asked.get("policy_pack", [])
    chosen = {name: asked[name] for name in Options.__dataclass_fields__ if asked.get(name)}
    configs = zip(packs, asked.get("policy_pack_config", []), strict=False)
    return Options(**chosen, policy_packs=packs, policy_config=dict(configs))


def _ask(command: str) -> Callable[[Outcome], bool]:
    verb = {"up": "update"}.get(command, command)
    return lambda _: input(f"Do you want to perform this {verb}? [y/N] ").strip().lower() in ("y", "yes")


def _print_json(event: Event) -> None:
    if not internal(event):
        print(json.dumps(event, separators=(",", ":"), ensure_ascii=False), flush=True)


def _print_plain(event: Event) -> None:
    match event:
        case {"diagnosticEvent": {"severity": severity, "message": message, "prefix": prefix}} if severity != "debug":
            stream = sys.stdout if severity == "info" else sys.stderr
            print(f"{prefix}{message}".rstrip(), file=stream, flush=True)
        case {"resOutputsEvent": {"metadata": step}} if _changes(step):
            print(_step(step), flush=True)
        case {"resOpFailedEvent": {"metadata": step}}:
            print(f"{_step(step)}  failed", flush=True)
        case {"policyEvent": policy}:
            print(
                f"{policy['enforcementLevel']}: {policy['policyName']}: {policy['message']}",
                file=sys.stderr,
                flush=True,
            )
        case {"summaryEvent": summary}:
            print(_summary(summary), flush=True)


def _changes(step: Mapping[str, Any]) -> bool:
    """Whether a step is worth a line: a refresh is only if something has drifted."""
    return step["op"] in SIGNS and (step["op"] != "refresh" or bool(step.get("diffs")))


def _step(step: Mapping[str, Any]) -> str:
    changed = f"  [{', '.join(step['diffs'])}]" if step.get("diffs") else ""
    return f" {SIGNS.get(step['op'], '  ')} {step['type']} {Urn(step['urn']).name}{changed}"


def _summary(summary: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count} {op}" for op, count in sorted(summary["resourceChanges"].items()))
    kind = "preview" if summary.get("isPreview") else "run"
    return f"{kind} {summary['result']} in {summary['durationSeconds']} s: {counts or 'no resources'}"


def _shown(value: Any) -> str:
    return json.dumps(hide_secrets(value), ensure_ascii=False)
