from typing import Annotated

import typer

from modelport.cli.console import say, say_json
from modelport.cli.services import find_service

from .options import AsJson, ServiceOrFile


def compare(
    service: ServiceOrFile,
    targets: Annotated[
        list[str] | None, typer.Option("--target", help="Only this target; can be given again.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what each target makes of a service: what it does itself, what it refuses, and what to use instead."""
    from modelport.reports import equivalence
    from modelport.spec import load_service
    from modelport.targets import NAMES

    comparison = equivalence.compare(load_service(find_service(service)), tuple(targets or NAMES))
    if as_json:
        say_json(comparison.to_json())
        return
    say(str(comparison))
    say(f"\nnext: modelport lint {service}")
