from pathlib import Path
from typing import Annotated

import typer

from modelport.cli.console import say
from modelport.cli.errors import UsageError
from modelport.cli.services import load_in_stack
from modelport.cli.workspace import Workspace

from .options import Stack

app = typer.Typer(no_args_is_help=True, help="Files for monitoring systems.")


@app.callback()
def _group() -> None:
    """Keeps `rules` a word of its own while it is the only command."""


@app.command()
def rules(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the files.")],
    stack: Stack = None,
) -> None:
    """Write the alert rules of each service of a stack, as Prometheus reads them: DIR/SERVICE.rules.yaml."""
    from modelport.monitoring import alert_rules
    from modelport.monitoring.prometheus import rules_file
    from modelport.spec import load_environment

    workspace = Workspace.find(stack)
    services = load_environment(workspace.stack_file).services
    specs = [load_in_stack(workspace.service_file(name), workspace)[0].spec for name in services]
    for spec in specs:
        alerts = alert_rules(spec)
        file = out / f"{spec.metadata.name}.rules.yaml"
        _write(file, rules_file(alerts))
        say(f"{file}  {len(alerts)} rules")
    say(f"next: promtool check rules {out}/*.rules.yaml")


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename}\n  cannot be written: {error.strerror}. Name another folder.") from None
