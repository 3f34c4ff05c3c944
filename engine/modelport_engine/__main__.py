"""The engine on the command line: ``python -m modelport_engine COMMAND --cwd PROJECT --stack NAME``."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.plugins.nursery import nursery
from modelport_engine.projects.project import Project

SDK = ("pulumi", "pulumi_policy")
Command = Callable[[Project, argparse.Namespace], int]


class WrongUsage(EngineError):
    """The command line does not say what can be done."""

    exit_code = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        run: Command = given.run
        return run(Project.load(given.cwd), given)
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m modelport_engine", description="Pulumi programs without the Pulumi CLI."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, help in (
        ("preview", "say what an update would do"),
        ("up", "make everything as the program wants it"),
        ("refresh", "take over into state what exists now"),
        ("destroy", "delete everything that state knows"),
    ):
        _deployment_arguments(_command(commands, name, help, _deploy), name)
    for name, help, run in (
        ("outputs", "the stack's outputs as JSON", _outputs),
        ("export", "the state as JSON", _export),
    ):
        _command(commands, name, help, run).add_argument("--show-secrets", action="store_true")
    into = _command(commands, "import", "replace the state by an export", _import)
    into.add_argument("--file", type=Path, help="the export; standard input without it")
    _command(commands, "cancel", "remove the locks of a stack", _cancel)
    _command(commands, "stacks", "list the project's stacks", _stacks, needs_stack=False)
    return parser


def _command(commands: Any, name: str, help: str, run: Command, *, needs_stack: bool = True) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.add_argument("--cwd", type=Path, default=Path(), help="a folder of the project")
    if needs_stack:
        parser.add_argument("--stack", "-s", required=True)
    parser.set_defaults(run=run, command=name)
    return parser


def _deployment_arguments(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument(
        "--json",
        action="store_true",
        help="engine events, one JSON object a line, as `pulumi up --json` streams them; in a preview, too, "
        "and not the one document of `pulumi preview --json`",
    )
    parser.add_argument("--parallel", type=int, help="how many resources change at once")
    parser.add_argument("--expect-no-changes", action="store_true", help="fail if something changes")
    if name in ("up", "destroy"):
        parser.add_argument(
            "--continue-on-error", action="store_true", help="go on with what does not need the resource that failed"
        )
    if name == "preview":
        parser.add_argument(
            "--offline", action="store_true", help="check against the SDKs alone: no provider, backend or passphrase"
        )
        parser.add_argument("--against", type=Path, metavar="STATE", help="with --offline: an export to compare with")
    if name != "preview":
        parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
        parser.add_argument("--skip-preview", "-f", action="store_true")
        parser.add_argument(
            "--clear-pending-creates", action="store_true", help="forget creations whose end is unknown"
        )
    if name in ("preview", "up"):
        parser.add_argument("--policy-pack", type=Path, action="append", default=[], metavar="FOLDER")
        parser.add_argument("--policy-pack-config", type=Path, action="append", default=[], metavar="FILE")
        parser.add_argument("--fail-on-undecided", action="store_true", help="fail if a policy could not be decided")
        parser.add_argument("--refresh", action="store_true", help="refresh first")


def _deploy(project: Project, given: argparse.Namespace) -> int:
    if given.command != "preview" and not given.yes and not (sys.stdin and sys.stdin.isatty()):
        raise WrongUsage("--yes must be passed in to proceed when running in non-interactive mode")
    if given.command == "preview":
        _refuse_contradictions(given)
    quick = nursery(project.python, SDK, os.environ)  # imports while we do

    from modelport_engine.console import deploy

    try:
        return deploy(project, given, quick)
    finally:
        if quick:
            quick.kill()


def _refuse_contradictions(given: argparse.Namespace) -> None:
    if given.against and not given.offline:
        raise WrongUsage("--against compares offline: add --offline")
    if given.offline and given.refresh:
        raise WrongUsage("--refresh asks the providers, and --offline does without them: leave one of the two out")


def _outputs(project: Project, given: argparse.Namespace) -> int:
    from modelport_engine import commands

    outputs = commands.outputs(project, given.stack, show_secrets=given.show_secrets)
    print(json.dumps(outputs, indent=2, ensure_ascii=False))
    return 0


def _export(project: Project, given: argparse.Namespace) -> int:
    from modelport_engine import commands

    print(commands.as_text(commands.export_state(project, given.stack, show_secrets=given.show_secrets)))
    return 0


def _import(project: Project, given: argparse.Namespace) -> int:
    from modelport_engine import commands

    try:
        document = json.loads(given.file.read_bytes() if given.file else sys.stdin.read())
    except (OSError, ValueError) as error:
        raise EngineError(f"cannot read an export from {given.file or 'standard input'}: {error}") from error
    commands.import_state(project, given.stack, document)
    print("Import complete.")
    return 0


def _cancel(project: Project, given: argparse.Namespace) -> int:
    from modelport_engine import commands

    for lock in commands.cancel(project, given.stack):
        print(f"removed {lock}", file=sys.stderr)
    print(f"The currently running update for '{given.stack}' has been canceled!")
    return 0


def _stacks(project: Project, given: argparse.Namespace) -> int:
    from modelport_engine import commands

    for name in commands.stacks(project):
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
