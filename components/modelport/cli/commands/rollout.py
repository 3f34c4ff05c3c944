"""Takes a new version of a service from its first requests to all of them, in the stack file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelport.cli.console import columns, say, say_json, tell
from modelport.cli.errors import UsageError
from modelport.cli.services import load_in_stack
from modelport.cli.workspace import Workspace

from .options import AsJson, Service, Stack

if TYPE_CHECKING:
    from modelport.spec import Environment, Loaded, Releases

KEY = "modelport:releases"

Weight = Annotated[
    int | None, typer.Option("--weight", min=0, max=100, help="Share of requests of the candidate, in %.")
]
NoUp = Annotated[bool, typer.Option("--no-up", help="Only edit the stack file; bring it up later, or in CI.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking.")]

app = typer.Typer(no_args_is_help=True, help=__doc__)


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
    """Put a new version on trial, with the first of the service's rollout steps."""
    rollout = _find(service, stack)
    if rollout.releases.candidate:
        raise UsageError(f"{rollout.place}\n  a rollout is on already. Use step, promote or abort.")
    _check_source(source, rollout)
    given = {"source": source, "digest": digest, "image": image}
    mirror = rollout.policy.mirror if weight is None else 0
    rollout.change(
        {
            "stable": rollout.entry["stable"],
            "candidate": {name: value for name, value in given.items() if value is not None},
            "weight": weight if weight is not None else 0 if mirror else rollout.next_step(0) or 0,
            **({"mirror": mirror} if mirror else {}),
        }
    )
    _go_on(rollout, "step", yes=yes, no_up=no_up)


@app.command()
def step(service: Service, weight: Weight = None, stack: Stack = None, yes: Yes = False, no_up: NoUp = False) -> None:
    """Give the candidate the next of the service's rollout steps."""
    rollout = _find(service, stack)
    rollout.require_candidate()
    following = rollout.next_step(rollout.releases.weight) if weight is None else weight
    if following is None:
        raise UsageError(f"{rollout.place}.weight: {rollout.releases.weight}\n  it has had every step. Promote it.")
    entry = {name: value for name, value in rollout.entry.items() if name != "mirror"}
    rollout.change({**entry, "weight": following})
    _go_on(rollout, "step" if rollout.next_step(following) else "promote", yes=yes, no_up=no_up)


@app.command()
def promote(service: Service, stack: Stack = None, yes: Yes = False, no_up: NoUp = False) -> None:
    """Make the candidate the stable version, with all requests."""
    rollout = _find(service, stack)
    rollout.require_candidate()
    rollout.change({"stable": rollout.entry["candidate"]})
    _go_on(rollout, "status", yes=yes, no_up=no_up)


@app.command()
def abort(service: Service, stack: Stack = None, yes: Yes = False, no_up: NoUp = False) -> None:
    """Drop the candidate; the stable version gets all requests again."""
    rollout = _find(service, stack)
    rollout.require_candidate()
    rollout.change({"stable": rollout.entry["stable"]})
    _go_on(rollout, "status", yes=yes, no_up=no_up)


@app.command()
def status(service: Service, stack: Stack = None, as_json: AsJson = False) -> None:
    """Show which versions the stack file says are live, and their shares."""
    rollout = _find(service, stack)
    entry, candidate = rollout.entry, rollout.releases.candidate
    following = rollout.next_step(rollout.releases.weight) if candidate else None
    if as_json:
        live = {"candidate": None, "weight": 0, "mirror": 0, **entry}
        say_json({"service": service, **live, "nextStep": following})
        return
    rows = [["stable", f"{100 - rollout.releases.weight} %", *_words(entry["stable"])]]
    if candidate:
        rows.append(["candidate", f"{rollout.releases.weight} %", *_words(entry["candidate"])])
    say("\n".join(columns(rows)))
    if rollout.releases.mirror:
        say(f"{rollout.releases.mirror} % of the requests are copied to the candidate")
    word = "step" if following else "promote"
    say(f"next: modelport rollout {word if candidate else 'start'} {service} -s {rollout.workspace.stack}")


@dataclass
class Rollout:
    """The live versions of one service, as its stack file says them."""

    workspace: Workspace
    service: Loaded
    environment: Environment

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.spec.metadata.name

    @property
    def place(self) -> str:
        """The entry, as people name it."""
        return f"{self.workspace.stack_file}  {KEY}.{self.name}"

    @property
    def policy(self) -> Any:
        """How the service file wants versions to take over."""
        return self.service.spec.rollout

    @property
    def releases(self) -> Releases:
        """The live versions; without an entry the service file's model."""
        from modelport.spec import Release, Releases

        own = Releases(stable=Release(source=self.service.spec.model.source))
        return self.environment.releases.get(self.name, own)

    @property
    def entry(self) -> dict[str, Any]:
        """The live versions as the stack file would write them."""
        return self.releases.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)

    def next_step(self, weight: int) -> int | None:
        """The first of the service's steps that is more than `weight`, in percent."""
        return next((share for share in self.policy.steps if share > weight), None)

    def require_candidate(self) -> None:
        """Raise UsageError unless a rollout is on."""
        if not self.releases.candidate:
            raise UsageError(f"{self.place}\n  no rollout is on. Start one: modelport rollout start {self.name}")

    def change(self, entry: dict[str, Any]) -> None:
        """Say other live versions from now on; they are only written by `save`.

        Raises:
            ConfigError: the stack file would be wrong.
        """
        from modelport.cli.stack_file import read, with_entry
        from modelport.spec import Environment
        from modelport.spec.problem import shown_path
        from modelport.spec.yaml_file import parse

        file = self.workspace.stack_file
        self.text = with_entry(read(file), ("config", KEY, self.name), entry)
        document = parse(self.text, shown_path(file)).at("config")
        before = self.environment
        self.environment = Environment.from_document(document, stack=before.stack, project=before.project)
        if self.entry != entry or self.environment.model_copy(update={"releases": before.releases}) != before:
            raise UsageError(f"{self.place}\n  cannot be changed alone. Write this there by hand:\n  {entry}")

    def save(self) -> None:
        """Write the stack file, whole or not at all."""
        from modelport.cli.stack_file import write

        write(self.workspace.stack_file, self.text)


def _find(service: str, stack: str | None) -> Rollout:
    from modelport.spec import did_you_mean

    workspace = Workspace.find(stack)
    loaded, environment = load_in_stack(workspace.service_file(service), workspace)
    if service not in environment.services:
        hint = did_you_mean(service, environment.services)
        raise UsageError(f"{workspace.stack_file}  modelport:services\n  {service} is not in this stack. {hint}")
    return Rollout(workspace, loaded, environment)


def _check_source(source: str, rollout: Rollout) -> None:
    """A path must lead somewhere; what a URI leads to is for the target to find."""
    file = rollout.workspace.services / source
    if ":" not in source and not file.exists():
        raise UsageError(f"--source {source}\n  there is no {file}. A path starts at the folder of the service files.")


def _go_on(rollout: Rollout, following: str, *, yes: bool, no_up: bool) -> None:
    """Write the change and bring it up. What a target refuses is not written, unless the user brings it up later."""
    from modelport.cli.commands.deploy import deploy
    from modelport.errors import ModelportError

    if not no_up and not yes and not sys.stdin.isatty():
        raise UsageError("modelport rollout\n  there is no terminal to ask on. Go ahead with --yes, or with --no-up.")
    try:
        _plan(rollout)
    except ModelportError as refused:
        if not no_up:
            raise
        tell(f"{refused}\nwritten all the same, but this stack cannot be brought up like that.")
    rollout.save()
    say(f"{rollout.place}  {_summary(rollout.releases)}")
    code = 0 if no_up else deploy("up", rollout.workspace.stack, yes=yes)
    say(f"next: modelport {f'rollout {following} {rollout.name}' if not no_up else 'up'} -s {rollout.workspace.stack}")
    raise typer.Exit(code)


def _plan(rollout: Rollout) -> None:
    from modelport.plan import make_plan
    from modelport.targets import load

    for target in rollout.environment.targets:
        make_plan(rollout.service, rollout.environment, load(target))


def _summary(releases: Releases) -> str:
    if releases.candidate is None:
        return f"{releases.stable.source} 100 %"
    return f"{releases.candidate.source} {releases.weight} %, {releases.stable.source} {100 - releases.weight} %"


def _words(release: dict[str, Any]) -> list[str]:
    return [release["source"], release.get("digest", "")]
