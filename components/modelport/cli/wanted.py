"""What the program of a stack wants, found out without a cloud, a state or a passphrase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .console import tell
from .engines import Event, Order
from .workspace import Workspace

if TYPE_CHECKING:
    from modelport_engine.state.resource import Resource


def resources_wanted(workspace: Workspace, policy_pack: Path | None = None, *, undone: str) -> Sequence[Resource]:
    """The resources, judged by a policy pack if it is given.

    Args:
        undone: what to say where the program or the policies fail.

    Raises:
        Exit: they have failed, which was told.
    """
    from .display import Display
    from .engines.embedded import Embedded

    engine, display = Embedded(), Display()

    def told(event: Event) -> None:
        if event.get("diagnosticEvent", {}).get("severity") != "info":
            display.event(event)

    order = Order("preview", workspace, policy_pack=policy_pack, offline=True)
    with engine.prepared(), display.shown(preview_only=False):
        result = engine.preview(order, told)
    if code := display.report.exit_code(result.exit_code):
        tell(undone)
        raise typer.Exit(code)
    return result.resources


def as_export(resources: Iterable[Resource]) -> dict[str, Any]:
    """The resources as an export that shows secrets has them. For nobody's eyes, nor for a file."""
    from modelport_engine.protocol.values import show

    return {"version": 3, "deployment": {"resources": [each.to_json(show) for each in resources]}}
