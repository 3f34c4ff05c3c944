from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modelport.cli.console import tell
from modelport.cli.workspace import Workspace
from modelport_engine import commands, deployment, locks
from modelport_engine.backend import Backend, StackName
from modelport_engine.project import Project
from modelport_engine.session import Options

from . import Event, Order


class Embedded:
    """`modelport_engine` in this process."""

    label = "embedded engine"

    def run(self, order: Order, on_event: Callable[[Event], None]) -> int:
        """See `Engine.run`."""
        workspace, confirm = order.workspace, order.confirm
        project = Project.load(workspace.root)
        options = Options(policy_packs=[order.policy_pack] if order.policy_pack else [])
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
        return commands.outputs(Project.load(workspace.root), workspace.stack, env=workspace.environment)


def _remove_dead_locks(project: Project, workspace: Workspace) -> None:
    """A run that was killed on this machine leaves its lock behind; nobody else can miss it."""
    backend = Backend.find(project.backend_url, project.root, workspace.environment)
    for lock in locks.remove_dead(backend.lock_folder(StackName(project.name, workspace.stack))):
        tell(f"removed the lock of a run that has ended: {lock}")
