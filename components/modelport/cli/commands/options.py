"""Parameters that several commands share."""

from typing import Annotated

import typer

Stack = Annotated[str | None, typer.Option("--stack", "-s", help="The stack; without it, the only one.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Service = Annotated[str, typer.Argument(metavar="SERVICE", help="A service of the stack, by name.", show_default=False)]
ServiceOrFile = Annotated[
    str, typer.Argument(metavar="FILE", help="A service file, or a service by name.", show_default=False)
]
