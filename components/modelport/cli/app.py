"""The command `modelport`: its sub-commands, and what becomes of their errors."""

import sys
import traceback
from pathlib import Path

import typer

from modelport.errors import ModelportError

from .commands import (
    bundle,
    ci,
    compare,
    conformance,
    deploy,
    doctor,
    explain,
    images,
    init,
    invoke,
    lint,
    monitor,
    outputs,
    policies,
    render,
    rollout,
)
from .console import tell
from .errors import FAILED

CRASH_LOG = Path(".modelport", "crash.log")

app = typer.Typer(
    name="modelport",
    help="One YAML, an equivalent serving stack on every target.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("init")(init.init)
app.command("explain")(explain.explain)
app.command("compare")(compare.compare)
app.command("lint")(lint.lint)
app.command("preview")(deploy.preview)
app.command("up")(deploy.up)
app.command("refresh")(deploy.refresh)
app.command("destroy")(deploy.destroy)
app.command("outputs")(outputs.outputs)
app.command("invoke")(invoke.invoke)
app.command("render")(render.render)
app.command("images")(images.images)
app.command("conformance")(conformance.conformance)
app.command("doctor")(doctor.doctor)
app.add_typer(bundle.app, name="bundle")
app.add_typer(rollout.app, name="rollout")
app.add_typer(policies.app, name="policies")
app.add_typer(monitor.app, name="monitor")
app.add_typer(ci.app, name="ci")


def run(arguments: list[str] | None = None) -> int:
    """Run a command line; gives its exit code. An error of ours is a message, anything else a bug that says so."""
    try:
        app(args=arguments)
    except SystemExit as exit:
        return exit.code if isinstance(exit.code, int) else FAILED
    except ModelportError as error:
        return _told(error)
    except KeyboardInterrupt:
        tell("stopped")
        return FAILED
    except BrokenPipeError:
        return FAILED
    except Exception as error:
        return _told(error) if isinstance(error, _standalone_errors()) else _bug(error)
    return 0


def _standalone_errors() -> tuple[type[Exception], ...]:
    """The base errors of the parts that import nothing of ours. Imported only when something went wrong."""
    from modelport_engine.errors import EngineError
    from modelport_policies.errors import PolicyError
    from modelport_server.errors import ServerError

    return EngineError, PolicyError, ServerError


def _told(error: Exception) -> int:
    tell(str(error))
    return int(getattr(error, "exit_code", FAILED))


def _bug(error: Exception) -> int:
    text = "".join(traceback.format_exception(error))
    try:
        CRASH_LOG.parent.mkdir(exist_ok=True)
        CRASH_LOG.write_text(text, encoding="utf-8")
        where = f"The traceback is in {CRASH_LOG.resolve()}."
    except OSError:
        where = text
    tell(f"{type(error).__name__}: {error}\n  this is a bug in modelport, with {' '.join(sys.argv[1:2])}.\n  {where}")
    return FAILED
