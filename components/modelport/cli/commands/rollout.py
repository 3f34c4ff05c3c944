from __future__ import annotations

import sys
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from modelport.cli.console import columns, say, say_json, tell
from modelport.cli.errors import UsageError
from modelport.cli.rollout import Rollout

from .options import AsJson, Service, Stack

if TYPE_CHECKING:
    from modelport.spec import Releases

Weight = Annotated[
    int | None, typer.Option("--weight", min=0, max=100, help="Share of requests that the candidate answers, in %.")
]
NoUp = Annotated[bool, typer.Option("--no-up", help="Only edit the stack file: you or CI bring it up later.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking.")]

app = typer.Typer(no_args_is_help=True, help="Take a new version from its first requests to all of them.")


@app.command()
def start(
    service: Service,
    source: Annotated[str, typer.Option("--source", help="The new model, as in model.source of the service file.")],
    digest: Annotated[str | None, typer.Option("--digest", help="What its bundle's digest must be.")] = None,
    image: Annotated[str | None, typer.Option("--image", help="Its serving image; without it, the service's.")] = None,
    weight: Weight = None,
    stack: Stack = None,
    yes: Yes = False,
    no_up: NoUp = False,
) -> None:
    """Put a new version on trial, with the first of the service's rollout steps (before it, with its mirror)."""
    rollout = Rollout.find(service, stack)
    if rollout.releases.candidate:
        raise UsageError(f"{rollout.place}\n  a rollout is on already. Use step, promote or abort.")
    _check_source(source, rollout)
    given = {"source": source, "digest": digest, "image": image}
    mirror = rollout.mirror if weight is None else 0
    first = 0 if mirror else rollout.next_step(0) or 0
    rollout.change(
        {
            "stable": rollout.entry["stable"],
            "candidate": {name: value for name, value in given.items() if value is not None},
            "weight": first if weight is None else weight,
            **({"mirror": mirror} if mirror else {}),
        }
    )
    _finish(rollout, yes=yes, no_up=no_up)


@app.command()
def step(service: Service, weight: Weight = None, stack: Stack = None, yes: Yes = False, no_up: NoUp = False) -> None:
    """Give the candidate the next of the service's rollout steps, or with --weight less, which waits for no pods."""
    rollout = _on_trial(service, stack)
    share = _next_share(rollout, no_up=no_up) if weight is None else weight
    if share is None:
        raise UsageError(f"{rollout.place}.weight: {rollout.releases.weight}\n  it has had every step. Promote it.")
    entry = {name: value for name, value in rollout.entry.items() if name not in ("mirror", "unwaited")}
    rollout.change({**entry, "weight": share, **({"unwaited": share} if _is_less(share, rollout) else {})})
    _finish(rollout, yes=yes, no_up=no_up)


@app.command()
def promote(service: Service, stack: Stack = None, yes: Yes = False, no_up: NoUp = False) -> None:
    """Make the candidate the stable version, with all requests."""
    rollout = _on_trial(service, stack)
    rollout.change({"stable": {**rollout.entry["candidate"], "slot": rollout.releases.slots[1]}})
    _finish(rollout, yes=yes, no_up=no_up)


@app.command()
def abort(service: Service, stack: Stack = None, yes: Yes = False, no_up: NoUp = False) -> None:
    """Drop the candidate; the stable version gets all requests again, at once."""
    rollout = _on_trial(service, stack)
    if rollout.releases.weight and not rollout.can_go_ahead and rollout.allows(0):
        _take_share(rollout, yes=yes, no_up=no_up)
    rollout.change({"stable": rollout.entry["stable"]})
    _finish(rollout, yes=yes, no_up=no_up)


@app.command()
def status(service: Service, stack: Stack = None, as_json: AsJson = False) -> None:
    """Show which versions the stack file has, and their shares of the requests."""
    rollout = Rollout.find(service, stack)
    entry, releases = rollout.entry, rollout.releases
    if as_json:
        following = rollout.next_step(releases.weight) if releases.candidate else None
        live = {"stable": None, "candidate": None, "weight": 0, "mirror": 0, **entry}
        say_json({"service": service, **live, "nextStep": following})
        return
    shares = {"stable": 100 - releases.weight, "candidate": releases.weight}
    roles = [role for role in shares if role in entry]
    say("\n".join(columns([[role, f"{shares[role]} %", *map(str, entry[role].values())] for role in roles])))
    if releases.mirror:
        say(f"{releases.mirror} % of the requests are copied to the candidate")
    say(f"next: modelport rollout {_following(rollout)} {service} -s {rollout.workspace.stack}")


def _take_share(rollout: Rollout, *, yes: bool, no_up: bool) -> None:
    """Give stable all requests in an update of its own: one that drops a candidate leaves it its share meanwhile."""
    if no_up:
        share = rollout.releases.weight
        tell(f"The candidate keeps its {share} % until the update is done: `step --weight 0` takes them.")
        return
    tell("Two updates: the first takes the candidate's share away, the second the candidate.")
    rollout.change({**rollout.entry, "weight": 0})
    _bring_up(rollout, yes=yes)


def _next_share(rollout: Rollout, *, no_up: bool) -> int | None:
    """The step after the share that the candidate has: less than the stack file says where an update has failed."""
    written = rollout.releases.weight
    now = None if no_up else rollout.weight_now
    return rollout.next_step(written if now is None else min(written, now))


def _is_less(share: int, rollout: Rollout) -> bool:
    """Whether a share is not more than the candidate has and should have."""
    if share > rollout.releases.weight or not rollout.can_go_ahead:
        return False
    if rollout.weight_now is None:
        tell("The stack's outputs do not say which share the candidate has: another one waits for its pods.")
        return False
    return share <= rollout.weight_now


def _on_trial(service: str, stack: str | None) -> Rollout:
    rollout = Rollout.find(service, stack)
    if not rollout.releases.candidate:
        raise UsageError(f"{rollout.place}\n  no rollout is on. Start one: modelport rollout start {rollout.name}")
    return rollout


def _check_source(source: str, rollout: Rollout) -> None:
    """A path must lead somewhere; what a URI leads to is for the target to find."""
    folder = rollout.workspace.services
    if ":" not in source and not (folder / source).exists():
        raise UsageError(f"--source {source}\n  no such file. A path starts at the service files, in {folder}.")


def _finish(rollout: Rollout, *, yes: bool, no_up: bool) -> None:
    """Write the change and bring it up, or leave that to somebody else; what a target refuses is written only then."""
    from modelport.plan import Refused

    stack = rollout.workspace.stack
    if not no_up:
        _bring_up(rollout, yes=yes)
        say(f"next: modelport rollout {_following(rollout)} {rollout.name} -s {stack}")
        return
    try:
        rollout.plan()
    except Refused as refused:
        tell("\n".join([*map(str, refused.refusals), "written all the same: no up of this stack will go ahead."]))
    rollout.save()
    say(f"{rollout.place}  {_summary(rollout.releases)}")
    say(f"next: modelport preview -s {stack}")


def _bring_up(rollout: Rollout, *, yes: bool) -> None:
    """Write the change and bring it up; what does not come so far is taken back."""
    from modelport.cli.commands.deploy import deploy

    if not (yes or sys.stdin.isatty()):
        raise UsageError("modelport rollout\n  there is no terminal to ask on. Go ahead with --yes, or use --no-up.")
    rollout.plan()
    rollout.save()
    say(f"{rollout.place}  {_summary(rollout.releases)}")
    begun = Event()
    try:
        code = deploy("up", rollout.workspace.stack, yes=yes, begins=begun.set)
    finally:
        if not begun.is_set():
            state = "is as it was" if rollout.take_back() else "has changed meanwhile, and stays"
            tell(f"{rollout.place}  {state}: nothing was brought up.")
    if code:
        raise typer.Exit(code)


def _following(rollout: Rollout) -> str:
    if not rollout.releases.candidate:
        return "start"
    share = rollout.next_step(rollout.releases.weight)
    return "step" if share and rollout.allows(share) else "promote"


def _summary(releases: Releases) -> str:
    if releases.candidate is None:
        return f"{releases.stable.source} 100 %"
    return f"{releases.candidate.source} {releases.weight} %, {releases.stable.source} {100 - releases.weight} %"
