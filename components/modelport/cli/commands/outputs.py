import json
from typing import Annotated

import typer

from modelport.cli.console import say
from modelport.cli.engines import choose
from modelport.cli.errors import UsageError
from modelport.cli.workspace import Workspace


def outputs(
    stack: Annotated[str | None, typer.Option("--stack", "-s", help="The stack; without it, the only one.")] = None,
    engine: Annotated[str, typer.Option("--engine", help="auto, pulumi or embedded.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document.")] = False,
) -> None:
    """What the stack made: endpoints, live versions, logs. Secrets are hidden."""
    workspace = Workspace.find(stack)
    values = choose(engine).outputs(workspace)
    if as_json:
        say(json.dumps(values, indent=2, ensure_ascii=False))
        return
    if not values.get("services"):
        raise UsageError(f"{workspace.stack}\n  nothing is deployed. Start with: modelport up -s {workspace.stack}")
    for name, service in values["services"].items():
        for target, made in service["targets"].items():
            live = ", ".join(f"{one['version']} {one['weight']} %" for one in made["live"])
            say(f"{name} on {target}")
            for label, value in (("url", made["endpoint"]["url"]), ("live", live), ("logs", made["logs"])):
                say(f"  {label:<8} {value}")
    say(f"next: modelport invoke {next(iter(values['services']))} -s {workspace.stack}")
