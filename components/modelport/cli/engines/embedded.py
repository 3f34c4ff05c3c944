from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modelport.cli.console import tell
from modelport.cli.workspace import Workspace
from modelport_engine.nursery import nursery
from modelport_engine.project import Project

from . import Event, Order

PRELOAD = ("modelport.targets.service", "modelport.plugin.provider", "pulumi_policy")
"""What our programs, plugin and policy pack would each import for themselves."""


class Embedded:
    """`modelport_engine` in this process."""

    label = "embedded engine"

    def run(self, order: Order, on_event: Callable[[Event], None]) -> int:
        """See `Engine.run`."""
        workspace, confirm = order.workspace, order.confirm
        project = Project.load(workspace.root)
        quick = nursery(project.python, PRELOAD, workspace.environment)  # imports while we do

        from modelport_engine import deployment

        packs = [order.policy_pack] if order.policy_pack else []
        options = deployment.Options(policy_packs=packs, repeatable=_is_ours, nursery=quick)
        given: dict[str, Any] = {"on_event": on_event, "env": workspace.environment}
        if order.operation == "preview":
            return deployment.preview(project, workspace.stack, options, **given).exit_code
        _remove_dead_locks(project, workspace)
        perform = getattr(deployment, order.operation)
        asked = confirm and (lambda _: confirm())
        result: deployment.Result = perform(project, workspace.stack, options, confirm=asked, **given)
        return result.exit_code

    def outputs(self, workspace: Workspace) -> Mapping[str, Any]:
        """See `Engine.outputs`."""
        from modelport_engine import commands

        return commands.outputs(Project.load(workspace.root), workspace.stack, env=workspace.environment)


def _is_ours(kind: str) -> bool:
    """Our own resources adopt what a killed run has made."""
    return kind.startswith("modelport:")


def _remove_dead_locks(project: Project, workspace: Workspace) -> None:
    """A run that was killed on this machine leaves its lock behind; nobody else can miss it."""
    from modelport_engine import locks
    from modelport_engine.backend import Backend, StackName

    backend = Backend.find(project.backend_url, project.root, workspace.environment)
    for lock in locks.remove_dead(backend.lock_folder(StackName(project.name, workspace.stack))):
        tell(f"removed the lock of a run that has ended: {lock}")
