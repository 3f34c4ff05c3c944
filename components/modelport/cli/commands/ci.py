import os
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


@app.command()
def comment(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The comment.md of a preview.", show_default=False)],
    pull_request: Annotated[
        int | None, typer.Option("--pull-request", metavar="NUMBER", min=1, help="Which; GitLab's CI tells it.")
    ] = None,
    commit: Annotated[
        str | None,
        typer.Option(metavar="SHA", help="Whose run has written it. Finds the pull request that is at this commit."),
    ] = None,
    platform: Annotated[str | None, typer.Option(help="github or gitlab; their CI tells it.")] = None,
    repository: Annotated[str | None, typer.Option(metavar="OWNER/NAME", help="Their CI tells it.")] = None,
    api: Annotated[str | None, typer.Option(metavar="URL", help="Of the platform's API; their CI tells it.")] = None,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who comments, where the token may not ask who it is.")
    ] = None,
) -> None:
    """Post a preview's comment, or update the one that is there. The token is in GITHUB_TOKEN or GITLAB_TOKEN."""
    from modelport.cli.ci.comment.platforms import platform as chosen
    from modelport.cli.ci.comment.platforms import told_number
    from modelport.cli.ci.comment.posting import post

    where = chosen(platform, api, repository, os.environ)
    number = pull_request or (None if platform else told_number(os.environ))
    say(post(file, where, number, commit, author))


@app.command()
def init(
    platform: Annotated[str, typer.Argument(metavar="PLATFORM", help="github, gitlab or jenkins.", show_default=False)],
    stack: Annotated[
        str | None, typer.Option("--stack", "-s", help="The stack that a merge deploys; without it, the only one.")
    ] = None,
    branch: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose merges deploy it; else the remote's default branch.")
    ] = None,
    repository: Annotated[
        str | None, typer.Option(metavar="OWNER/NAME", help="For jenkins; else as the remote is called.")
    ] = None,
) -> None:
    """Write workflows into the repository: preview of pull requests, its comment, `up` on merge, drift at night."""
    from modelport.cli.ci.starters import STARTERS, start
    from modelport.cli.workspace import Workspace

    if platform not in STARTERS:
        raise UsageError(f"{platform}\n  allowed: {', '.join(STARTERS)}")
    workspace = Workspace.find(stack)
    written = start(platform, workspace.root, workspace.stack, branch, repository)
    for path in written.files:
        say(f"  + {path}")
    say(f"\nSet up on {platform}:")
    for line in written.setup:
        say(f"  - {line}")
    say("next: read docs/ci.md, and commit the files")


def _named(state: str) -> tuple[str, Path]:
    stack, sign, file = state.partition("=")
    if not sign:
        raise UsageError(f"--state {state}\n  say whose it is: STACK=FILE.")
    return stack, Path(file)
