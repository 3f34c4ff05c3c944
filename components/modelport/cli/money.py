"""What an update is about to cost, and where: said before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelport.cli.console import say
from modelport.cli.workspace import Workspace

if TYPE_CHECKING:
    from modelport.cli.report import Report, Step


def tell_costs(report: Report, workspace: Workspace) -> None:
    """Where a previewed stack is, where its state, and what of it costs while nobody asks; nothing if nothing does."""
    from modelport.targets.idle import idle_costs

    planned = [step for step in report.steps.values() if step.new and not step.op.startswith("delete")]
    costs = idle_costs((step.token, step.new.get("inputs") or {}) for step in planned)
    if not costs:
        return
    for place in sorted(_places(planned)):
        say(f"account      {place}")
    say(f"state        {backend(workspace)}")
    say(f"costs idle   {', '.join(f'{count} x {what}' for what, count in sorted(costs.items()))}")


def backend(workspace: Workspace) -> str:
    """The address of the backend, the same for both engines."""
    from modelport_engine.projects.project import Project
    from modelport_engine.state.backend import Backend

    return Backend.address(Project.load(workspace.root).backend_url, workspace.environment)


def _places(planned: list[Step]) -> set[str]:
    """What the components of services say of the accounts that they are in, once that is known."""
    said = ((step.new.get("outputs") or {}).get("place") for step in planned)
    return {place for place in said if isinstance(place, str) and place}
