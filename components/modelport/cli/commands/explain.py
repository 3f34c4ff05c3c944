from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from modelport.cli.console import columns, say, say_json
from modelport.cli.services import find_service, load_in_stack
from modelport.cli.workspace import Workspace

from .options import AsJson, ServiceOrFile

if TYPE_CHECKING:
    from pathlib import Path

    from modelport.plan import Plan
    from modelport.spec import Leaf

VALUE_WIDTH = 40


def explain(
    service: ServiceOrFile,
    stack: Annotated[str | None, typer.Option("--stack", "-s", help="As this stack has it, overrides merged.")] = None,
    target: Annotated[str | None, typer.Option("--target", help="As this target has it.")] = None,
    resources: Annotated[bool, typer.Option("--resources", help="Logical names of its resources instead.")] = False,
    requires: Annotated[
        bool, typer.Option("--requires", help="What existing infrastructure each target uses instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the effective config of a service, and where each value comes from."""
    file = find_service(service)
    if requires:
        needs = _requires(file, Workspace.find(stack), target)
        lines = [f"{name}  {', '.join(rows) or 'uses no existing infrastructure'}" for name, rows in needs.items()]
        say_json({"requires": needs}) if as_json else say("\n".join(lines))
        return
    if resources:
        names = _resources(file, Workspace.find(stack), target)
        say_json({"resources": names}) if as_json else say("\n".join(names))
        return
    leaves = _leaves(file, stack, target)
    if as_json:
        say_json({"fields": {leaf.path: _plain(leaf) for leaf in leaves}})
        return
    lines = columns([[leaf.path, _value(leaf), _origin(leaf)] for leaf in leaves])
    for leaf, line in zip(leaves, lines, strict=True):
        say(line, style="dim" if leaf.origin.kind == "default" else None)
    say(f"\nnext: modelport compare {service}")


def _leaves(file: Path, stack: str | None, target: str | None) -> list[Leaf]:
    """The leaves of the config; a stack with one target has it as that target does."""
    from modelport.plan import explain as explain_on
    from modelport.spec import explain as explain_everywhere
    from modelport.spec import load_service
    from modelport.targets import load

    loaded = load_service(file)
    if stack:
        loaded, environment = load_in_stack(file, Workspace.find(stack))
        target = target or (environment.targets[0] if len(environment.targets) == 1 else None)
    return explain_on(loaded, load(target)) if target else explain_everywhere(loaded)


def _resources(file: Path, workspace: Workspace, target: str | None) -> list[str]:
    """The logical names that `modelport:resources` knows; raises as `_planned` does."""
    from modelport.targets.service import logical_names

    plans = _planned(file, workspace, target)
    environment = plans[0].environment.model_copy(update={"targets": tuple(plan.target for plan in plans)})
    return logical_names(plans[0].name, environment)


def _requires(file: Path, workspace: Workspace, target: str | None) -> dict[str, dict[str, str]]:
    """What each target uses of `modelport:existing`, with what that must allow; raises as `_planned` does."""
    from modelport.plan import EXISTING
    from modelport.targets import load

    rows = {plan.target: load(plan.target).capabilities for plan in _planned(file, workspace, target)}
    return {
        name: {path: row.reason for path, row in table.items() if path.startswith(EXISTING) and row.drives}
        for name, table in rows.items()
    }


def _planned(file: Path, workspace: Workspace, target: str | None) -> list[Plan]:
    """The plan for each target of the stack, or for the one given.

    Raises:
        Refused: one of the targets cannot run the service.
    """
    from modelport.plan import make_plan
    from modelport.targets import load

    loaded, environment = load_in_stack(file, workspace)
    return [make_plan(loaded, environment, load(name)) for name in ((target,) if target else environment.targets)]


def _plain(leaf: Leaf) -> dict[str, object]:
    return {"value": leaf.value, "origin": asdict(leaf.origin), "doc": leaf.doc}


def _value(leaf: Leaf) -> str:
    from modelport.spec.problem import shown

    text = shown(leaf.value) or json.dumps(leaf.value, ensure_ascii=False)
    return text if len(text) <= VALUE_WIDTH else f"{text[: VALUE_WIDTH - 1]}…"


def _origin(leaf: Leaf) -> str:
    origin = leaf.origin
    place = ":".join(str(part) for part in (origin.file, origin.line) if part)
    return place or origin.kind
