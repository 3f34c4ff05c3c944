import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from modelport.cli.console import say
from modelport.cli.errors import FAILED, UsageError

app = typer.Typer(no_args_is_help=True, help="What CI asks of a pull request.")


@app.callback()
def about() -> None:
    """What CI asks of a pull request."""


@app.command()
def preview(
    base: Annotated[str, typer.Option("--base", metavar="REF", help="Where the change is to be merged: origin/main.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the comment and the reports.")],
    allow_replace: Annotated[
        list[str] | None,
        typer.Option(metavar="URN", help="An endpoint or bucket that may be replaced. May be given several times."),
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(metavar="STACK=FILE", help="An exported state, to see what is not applied yet. Several times."),
    ] = None,
) -> None:
    """Say what a pull request does to each service: plans of base and head beside each other, without a cloud."""
    from modelport.cli.ci.check import check

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(FAILED))  # so that what is planned ends, and its folder goes
    found = check(base, allow_replace or [], dict(map(_named, state or ())), out)
    found.write(out)
    say(found.verdict)
    for each in found.failing:
        say(f"  {each}")
    say(f"next: read {out / 'comment.md'}")
    raise typer.Exit(found.exit_code)


def _named(state: str) -> tuple[str, Path]:
    stack, sign, file = state.partition("=")
    if not sign:
        raise UsageError(f"--state {state}\n  say whose it is: STACK=FILE.")
    return stack, Path(file)
