from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import modelport
from modelport.cli.console import tell
from modelport.cli.workspace import Workspace
from modelport_engine.plugins.nursery import Nursery, nursery

from . import Event, Order

if TYPE_CHECKING:
    from modelport_engine.deployment import Options, Result
    from modelport_engine.projects.project import Project

PRELOAD = ("modelport.targets.service", "modelport.plugin.provider", "pulumi_policy")
"""What our programs, plugin and policy pack would each import for themselves."""
TARGETS = Path(modelport.__file__).parent / "targets"


@contextmanager
def quick_starts() -> Iterator[Nursery | None]:
    """A nursery for this Python, where one works: as a rule the project's is the same."""
    made = nursery(Path(sys.executable), PRELOAD, os.environ)
    try:
        yield made
    finally:
        if made:
            made.kill()


def preload(made: Nursery | None, workspace: Workspace) -> None:
    """Have a nursery import what the programs of a stack will, as its file reads at a glance."""
    if made:
        with suppress(OSError):  # who reads the file for good says what is wrong with it
            text = workspace.stack_file.read_text(encoding="utf-8", errors="replace")
            ready = [file.parent.name for file in TARGETS.glob("*/sdk.py")]
            made.preload([f"modelport.targets.{name}.sdk" for name in ready if re.search(rf"\b{name}\b", text)])


class Embedded:
    """`modelport_engine` in this process, with a nursery of its own unless it is given one."""

    label = "embedded engine"

    def __init__(self, nursery: Nursery | None = None):
        self._nursery = nursery

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """See `Engine.prepared`."""
        with nullcontext(self._nursery) if self._nursery else quick_starts() as self._nursery:
            yield

    def run(self, order: Order, on_event: Callable[[Event], None]) -> int:
        """See `Engine.run`."""
        if order.operation == "preview":
            return self.preview(order, on_event).exit_code
        if order.operation == "up":
            preload(self._nursery, order.workspace)
        from modelport_engine import deployment
        from modelport_engine.projects.project import Project

        workspace, confirm = order.workspace, order.confirm
        project = Project.load(workspace.root)
        _remove_dead_locks(project, workspace)
        perform = getattr(deployment, order.operation)
        asked = confirm and (lambda _: confirm())
        given: dict[str, Any] = {"on_event": on_event, "env": workspace.environment}
        result: Result = perform(project, workspace.stack, self._options(order), confirm=asked, **given)
        return result.exit_code

    def preview(self, order: Order, on_event: Callable[[Event], None]) -> Result:
        """What the program wants, with what becomes of it."""
        preload(self._nursery, order.workspace)
        from modelport_engine import deployment
        from modelport_engine.projects.project import Project

        workspace, options = order.workspace, self._options(order)
        project, env = Project.load(workspace.root), workspace.environment
        return deployment.preview(project, workspace.stack, options, on_event=on_event, env=env)

    def outputs(self, workspace: Workspace) -> Mapping[str, Any]:
        """See `Engine.outputs`."""
        from modelport_engine import commands
        from modelport_engine.projects.project import Project

        return commands.outputs(Project.load(workspace.root), workspace.stack, env=workspace.environment)

    def _options(self, order: Order) -> Options:
        from modelport_engine.deployment import Options

        return Options(
            policy_packs=[order.policy_pack] if order.policy_pack else [],
            repeatable=_is_ours,
            nursery=self._nursery,
            offline=order.offline,
            refresh=order.refresh,
            against=order.against,
            config=order.config,
        )


def _is_ours(kind: str) -> bool:
    """Our own resources adopt what a killed run has made."""
    return kind.startswith("modelport:")


def _remove_dead_locks(project: Project, workspace: Workspace) -> None:
    """A run that was killed on this machine leaves its lock behind; nobody else can miss it."""
    from modelport_engine.state import locks
    from modelport_engine.state.backend import Backend, StackName

    backend = Backend.find(project.backend_url, project.root, workspace.environment)
    for lock in locks.remove_dead(backend.lock_folder(StackName(project.name, workspace.stack))):
        tell(f"removed the lock of a run that has ended: {lock}")
