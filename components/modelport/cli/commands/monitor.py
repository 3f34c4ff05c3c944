from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelport.cli.console import say, tell
from modelport.cli.generated import write
from modelport.cli.services import load_in_stack
from modelport.cli.workspace import Workspace

from .options import Stack

if TYPE_CHECKING:
    from modelport.spec import ModelSpec

app = typer.Typer(no_args_is_help=True, help="Files for monitoring systems.")


@app.callback()
def _group() -> None:
    """Keeps `rules` a word of its own while it is the only command."""


@app.command()
def rules(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the files.")],
    stack: Stack = None,
    runbooks: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where the pages of docs/runbooks are found, for the alerts' links; else existing.runbooks says it.",
        ),
    ] = None,
) -> None:
    """Write the alert rules, routes and dashboards of a stack's services for Prometheus, Alertmanager and Grafana.

    For each service DIR/SERVICE.rules.yaml and DIR/SERVICE.dashboard.json, and DIR/alertmanager.yaml if any of them
    notifies somebody. A file of that name that modelport did not write is left alone, and so is every other file.
    """
    from modelport.monitoring.prometheus.files import files, unheard
    from modelport.monitoring.prometheus.grafana import MADE
    from modelport.monitoring.runbooks import RUNBOOKS
    from modelport.spec import load_environment

    workspace = Workspace.find(stack)
    environment = load_environment(workspace.stack_file)
    specs, existing = [_as_run(name, workspace) for name in environment.services], environment.existing
    topics = [existing.topic] if existing.topic else []
    made = files(specs, workspace.stack, runbooks or existing.runbooks or RUNBOOKS, *topics)
    for file, state in write(out, made, MADE):
        say(f"{file}  {state}")
    for place, receiver in unheard(specs, *topics):
        tell(f"{place}: {receiver}\n  Alertmanager has no such receiver; it is left out.")
    say(f"next: promtool check rules {out}/*.rules.yaml" if made else "the stack has no services: nothing to watch")


def _as_run(name: str, workspace: Workspace) -> ModelSpec:
    """A service with as few instances as any of its targets runs where the config leaves that to the target."""
    from modelport import targets
    from modelport.plan import as_run

    service, environment = load_in_stack(workspace.service_file(name), workspace)
    scalings = [as_run(service, targets.load(target)).scaling for target in environment.targets]
    return service.spec.model_copy(update={"scaling": min(scalings, key=lambda scaling: scaling.min)})
