"""`preview`, `up`, `refresh` and `destroy`."""

import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelport.cli.console import counted, say, tell
from modelport.cli.engines import Engine, Operation, Order, choose
from modelport.cli.errors import FAILED, OK, POLICY, UsageError
from modelport.cli.kept import Ledger, folders_of, kept_of, tell_folders
from modelport.cli.last_words import regions_of, tell_last_words
from modelport.cli.money import tell_costs
from modelport.cli.policies import policy_pack, with_own_policies
from modelport.cli.workspace import Workspace

if TYPE_CHECKING:
    from modelport.cli.display import Display

Stack = Annotated[str | None, typer.Option("--stack", "-s", help="The stack; without it, the only one.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking.")]
Which = Annotated[str, typer.Option("--engine", help="auto, pulumi or embedded.")]
AsJson = Annotated[bool, typer.Option("--json", help="Engine events on standard output, a line each.")]

Export = Annotated[
    Path | None, typer.Option("--export", metavar="FILE", help="Write the planned resources, as `pulumi stack export`.")
]

Offline = Annotated[bool, typer.Option("--offline", help="Check against the SDKs: no cloud, backend or passphrase.")]
Against = Annotated[
    Path | None, typer.Option("--against", metavar="STATE", help="With --offline: an exported state to compare with.")
]

Refresh = Annotated[bool, typer.Option("--refresh", help="Compare with what really exists. The state stays as it is.")]
ExpectNoChanges = Annotated[bool, typer.Option("--expect-no-changes", help="Exit with 1 if anything would change.")]

PurgeData = Annotated[
    bool, typer.Option("--purge-data", help="Delete for good what this and earlier ones keep: models, records, keys.")
]

NOUNS = {"preview": "previewed", "up": "up", "refresh": "refreshed", "destroy": "destroyed"}


def preview(
    stack: Stack = None,
    engine: Which = "auto",
    as_json: AsJson = False,
    export: Export = None,
    offline: Offline = False,
    against: Against = None,
    refresh: Refresh = False,
    expect_no_changes: ExpectNoChanges = False,
) -> None:
    """Show what `up` would do, judged by the policies. Changes nothing."""
    if against and not offline:
        raise UsageError("--against\n  compares offline: add --offline.")
    if refresh and offline:
        raise UsageError("--refresh\n  asks what really exists, and --offline asks nobody: leave one of the two out.")
    plan = Plan(export, offline, against, refresh, expect_no_changes)
    raise typer.Exit(deploy("preview", stack, engine, yes=True, as_json=as_json, plan=plan))


def up(stack: Stack = None, yes: Yes = False, engine: Which = "auto", as_json: AsJson = False) -> None:
    """Make the stack what its config says. Previews first and stops there on a mandatory policy violation."""
    raise typer.Exit(deploy("up", stack, engine, yes=yes, as_json=as_json))


def refresh(stack: Stack = None, yes: Yes = False, engine: Which = "auto", as_json: AsJson = False) -> None:
    """Take over into state what really exists."""
    raise typer.Exit(deploy("refresh", stack, engine, yes=yes, as_json=as_json))


def destroy(
    stack: Stack = None,
    yes: Yes = False,
    engine: Which = "auto",
    as_json: AsJson = False,
    purge_data: PurgeData = False,
) -> None:
    """Delete everything that the stack made, but for what holds data: that is kept, and listed."""
    code = deploy("destroy", stack, engine, yes=yes, as_json=as_json, purge=purge_data)
    raise typer.Exit(code)


@dataclass(frozen=True)
class Plan:
    """What is special about a preview: where it is written, what it does without, compares with and expects."""

    export: Path | None = None
    offline: bool = False
    against: Path | None = None
    refresh: bool = False
    expect_no_changes: bool = False


AS_USUAL = Plan()
PURGE_TOO = "Go ahead, and delete its data for good?"
UNEXPECTED = "\n{} where none is expected: run modelport up -s {}, or change the config to what is there"


def deploy(
    operation: Operation,
    stack: str | None,
    engine: str = "auto",
    *,
    yes: bool,
    as_json: bool = False,
    plan: Plan = AS_USUAL,
    begins: Callable[[], None] | None = None,
    purge: bool = False,
) -> int:
    """Carry out one operation on a stack and show it; gives the exit code of `modelport`.

    `begins` is called when the preview is good and agreed to, before anything changes. `purge` deletes what a destroyed
    stack keeps.
    """
    if not yes and not sys.stdin.isatty():
        raise UsageError(f"modelport {operation}\n  there is no terminal to ask on. Go ahead with --yes.")
    chosen = choose(engine, offline=plan.offline)
    with chosen.prepared():
        return _deploy(chosen, operation, stack, yes=yes, as_json=as_json, plan=plan, begins=begins, purge=purge)


def _deploy(
    engine: Engine,
    operation: Operation,
    stack: str | None,
    *,
    yes: bool,
    as_json: bool,
    plan: Plan,
    begins: Callable[[], None] | None,
    purge: bool,
) -> int:
    from modelport.cli.display import Display

    workspace, display = with_own_policies(Workspace.find(stack)), Display(as_json=as_json)

    regions: dict[str, str] = {}

    def confirm() -> bool:
        regions.update(regions_of(display.report))
        with nullcontext() if yes else display.paused():
            if operation == "up" and not as_json:
                tell_costs(display.report, workspace)
            if not yes and not typer.confirm(PURGE_TOO if purge else "Go ahead?", default=False):
                return False
        if begins:
            begins()
        return True

    judged = operation in ("preview", "up")
    pack = policy_pack() if judged else None
    asks = confirm if begins or not yes or operation == "up" else None
    order = Order(operation, workspace, asks, pack, plan.offline, plan.refresh, plan.against)
    began = time.monotonic()
    if not as_json:
        say(f"{workspace.stack:<56} {engine.label}")
    with display.shown(preview_only=operation == "preview"):
        engine_code = _carried_out(engine, order, display)
    code = display.report.exit_code(engine_code)
    if plan.export and code in (OK, POLICY):
        plan.export.write_text(json.dumps(display.report.deployment(), indent=4, ensure_ascii=False), encoding="utf-8")
    if code == OK and plan.expect_no_changes and (count := display.report.proposed):
        tell(UNEXPECTED.format(counted(count, "change"), workspace.stack))
        return FAILED
    if not as_json:
        _conclude(operation, workspace, display, time.monotonic() - began, code, judged)
        if code == OK and operation == "up":
            _endpoints(engine.outputs(workspace), workspace.stack)
    if operation == "up":
        tell_last_words(display.report, regions)
    if operation in ("up", "destroy"):
        _keep(operation, Ledger(workspace), display, purge=purge and code == OK, quiet=as_json)
    return code


def _keep(operation: Operation, ledger: Ledger, display: "Display", *, purge: bool, quiet: bool) -> None:
    """Note what was left behind, and purge it or say what it is."""
    kept = kept_of(display.report)
    if kept:
        ledger.add(kept)
    if operation == "destroy" and not quiet:
        tell_folders(folders_of(display.report, ledger.entries))
    if purge:
        ledger.purge()
    elif operation == "up" and not quiet:
        ledger.tell_of_update(kept)
    elif not quiet:
        ledger.tell()


def _carried_out(engine: Engine, order: Order, display: "Display") -> int:
    try:
        return engine.run(order, display.event)
    except Exception as error:
        if str(error) not in display.report.errors:
            raise
        return FAILED  # an event told it already


def _conclude(
    operation: Operation, workspace: Workspace, display: "Display", seconds: float, code: int, judged: bool
) -> None:
    from modelport.cli.display import PAST

    report = display.report
    if judged and code in (OK, POLICY):
        found = [v["enforcementLevel"] for v in report.violations]
        mandatory, advisory = found.count("mandatory"), found.count("advisory")
        words = [counted(mandatory, "violation"), counted(advisory, "advisory", "advisories")]
        words += [f"{len(report.undecided)} undecided"] if report.undecided else []
        words += [f"{report.not_applicable} not applicable"] if report.not_applicable else []
        say(f"policies     {report.evaluated} evaluated, {', '.join(words)}")
    if code:
        stopped = "was stopped by the policies" if code == POLICY else "failed"
        tell(f"\n{operation} {stopped} after {seconds:.1f} s")
        return
    changes = report.changes()
    done = {op: count for op, count in changes.items() if op in PAST}
    words = ", ".join(f"{count} {PAST[op] if operation != 'preview' else 'to ' + op}" for op, count in done.items())
    say(f"\n{words or 'nothing changes':<56} {NOUNS[operation]} in {seconds:.1f} s")
    following = {"preview": "up", "refresh": "preview", "destroy": "up"}
    if operation in following:
        say(f"next: modelport {following[operation]} -s {workspace.stack}")


def _endpoints(outputs, stack: str) -> None:
    services = outputs.get("services")
    if not isinstance(services, dict) or not services:
        return
    for service in services.values():
        for target in service["targets"].values():
            say(target["endpoint"]["url"])
    say(f"next: modelport invoke {next(iter(services))} -s {stack}")
