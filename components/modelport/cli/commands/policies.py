from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelport.cli.console import columns, counted, say, say_json
from modelport.cli.errors import POLICY, UsageError
from modelport.cli.policies import EXEMPTIONS, over, own_rules, settings
from modelport.cli.workspace import Workspace

from .options import AsJson

if TYPE_CHECKING:
    from modelport_policies.control import Control
    from modelport_policies.reports.place import Place
    from modelport_policies.results import Review

Profile = Annotated[
    str | None,
    typer.Option("--profile", envvar="MODELPORT_POLICY_PROFILE", help="baseline, standard or regulated."),
]

COUNTED = {
    "evaluated": "evaluated",
    "violated": "violated",
    "exempted": "exempted",
    "undecided": "undecided",
    "notApplicable": "not applicable",
}


State = Annotated[
    Path | None,
    typer.Option("--state", help="A deployment export: `pulumi stack export` writes one.", show_default=False),
]
Stack = Annotated[
    str | None,
    typer.Option("--stack", "-s", help="A stack, as its program wants it: no cloud, state or passphrase."),
]
Parameters = Annotated[
    Path | None,
    typer.Option("--parameters", help="Parameters of controls: a JSON file, {CONTROL: {PARAMETER: VALUE}}."),
]


def _report(what: str) -> Any:
    return typer.Option(metavar="FILE", help=f"Write {what}.", show_default=False)


app = typer.Typer(no_args_is_help=True, help="What every stack is judged by.")


@app.command("list")
def list_(profile: Profile = None, as_json: AsJson = False) -> None:
    """List the controls and their level in each profile, or in one."""
    from modelport_policies.control import PROFILES, known_profile

    with _problems_shown():
        profiles = [known_profile(profile)] if profile else list(PROFILES)
    controls = _controls()
    levels = {each.id: {name: getattr(each.levels, name) for name in profiles} for each in controls}
    if as_json:
        listed = [
            {"id": each.id, "title": each.title, "severity": each.severity, "levels": levels[each.id]}
            for each in controls
        ]
        say_json({"controls": listed})
        return
    rows = [["control", "severity", *profiles, ""]]
    rows += [[each.id, each.severity, *levels[each.id].values(), each.title] for each in controls]
    say("\n".join(columns(rows)))
    say(f"next: modelport policies explain {rows[1][0]}")


@app.command()
def explain(
    control: Annotated[str, typer.Argument(metavar="ID", help="The control, like NET-01.", show_default=False)],
) -> None:
    """Show what a control reads, how to comply, and which requirements it serves."""
    from modelport.spec import did_you_mean
    from modelport_policies.page import section

    found = {each.id: each for each in _controls()}
    if control.upper() not in found:
        raise UsageError(f"{control}\n  no such control. {did_you_mean(control, list(found))}")
    chosen = found[control.upper()]
    say("\n".join([f"# {chosen.id}: {chosen.title}", *section(chosen)]))
    say("\nnext: modelport policies check --state FILE")


@app.command()
def new(
    control: Annotated[str, typer.Argument(metavar="ID", help="Its id, like ACME-01.", show_default=False)],
) -> None:
    """Write a rule of one's own to begin with, and its tests."""
    from modelport_policies import templates
    from modelport_policies.rules import ID

    if not ID.fullmatch(control):
        raise UsageError(f"{control}\n  an id is capitals and a number, like ACME-01.")
    files = {Path("policies", file.name): file for file in templates.files()}
    if there := [path for path in files if path.exists()]:
        raise UsageError(f"{there[0]}\n  is there already: write the rule beside what it has.")
    for path, file in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(file.read_text("utf-8").replace("ACME-01", control), encoding="utf-8")
        say(f"{path} written")
    say(f"next: modelport policies explain {control}")


@app.command()
def path() -> None:
    """Print the folder to give to `pulumi up --policy-pack`."""
    import modelport_policies

    say(str(modelport_policies.path()))


@app.command()
def check(
    state: State = None,
    stack: Stack = None,
    profile: Profile = None,
    exemptions: Annotated[
        Path | None,
        typer.Option(
            "--exemptions",
            envvar=EXEMPTIONS,
            exists=True,
            dir_okay=False,
            help="Findings that are accepted; without it, policies/exemptions.yaml of this folder, or of the project.",
        ),
    ] = None,
    parameters: Parameters = None,
    sarif: Annotated[Path | None, _report("SARIF 2.1.0, for code scanning")] = None,
    junit: Annotated[Path | None, _report("JUnit's XML, for CI systems that show tests")] = None,
    markdown: Annotated[Path | None, _report("Markdown, for the summary of a run")] = None,
    evidence: Annotated[Path | None, _report("JSON by framework and requirement, for auditors")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge an export, or what a program wants, offline. Fails on a mandatory violation that is not exempted."""
    judged = Judged.given(state, stack, profile, parameters, "nothing was judged")
    found = judged.review(exemptions)
    _write(found, judged.places, {"sarif": sarif, "junit": junit, "markdown": markdown, "evidence": evidence})
    report = found.summary()
    if as_json:
        say_json(report)
    else:
        _show(report)
    if found.stops():
        raise typer.Exit(POLICY)


@app.command()
def baseline(
    owner: Annotated[str, typer.Option("--owner", help="Who answers for the findings.")],
    ticket: Annotated[str, typer.Option("--ticket", help="Where it is agreed that they have time.")],
    state: State = None,
    stack: Stack = None,
    profile: Profile = None,
    parameters: Parameters = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why they are acceptable until then.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            envvar=EXEMPTIONS,
            metavar="FILE",
            help="The exemptions; without it, policies/exemptions.yaml of this folder, or of the project.",
        ),
    ] = None,
) -> None:
    """Accept for 90 days what is found in a stack today, as exemptions. What is new is found as ever."""
    from modelport_policies.baseline import LASTS, REASON, accepted

    judged = Judged.given(state, stack, profile, parameters, "nothing was written")
    file, today = output or judged.exemptions, date.today()
    found = judged.review(file)
    if void := [each.message for each in found.exemptions if each.state in ("expired", "malformed")]:
        raise UsageError("\n  ".join([*void, "correct, renew or remove what is there before more is added."]))
    agreed = {"owner": owner, "reason": reason or REASON, "ticket": ticket}
    with _problems_shown():
        entries = accepted(found, [control.id for control in _controls(judged.folder)], today, **agreed)
    if entries:
        _append(file, entries)
        findings = sum(len(each["match"]["urn"]) for each in entries)
        say(f"{file}\n  {counted(findings, 'finding')} of {counted(len(entries), 'control')} until {today + LASTS}")
    else:
        say(f"{file}\n  nothing to add: what is found is accepted already, or nothing is")
    told = {"--state": state, "--stack": stack, "--profile": profile, "--parameters": parameters}
    told["--exemptions"] = file if file != judged.exemptions else None
    words = [word for option, value in told.items() if value for word in (option, str(value))]
    say(f"next: modelport policies check {shlex.join(words)}")


def _append(file: Path, entries: Any) -> None:
    from modelport.cli import stack_file
    from modelport_policies.baseline import extended

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    except OSError as error:
        raise UsageError(f"{file}\n  cannot be written: {error.strerror}.") from None
    stack_file.write(file, extended(stack_file.read(file), entries))


@dataclass(frozen=True)
class Judged:
    """What is judged, and how.

    Attributes:
        state: as an export.
        folder: of the project, which holds the exemptions and its own rules.
        planned: whether it is still to be made.
        places: where to change what becomes of a resource, by URN.
    """

    state: Any
    folder: Path
    planned: bool
    profile: str | None
    parameters: Mapping[str, Mapping[str, Any]]
    places: Mapping[str, Place] = field(default_factory=dict)

    @classmethod
    def given(
        cls, state: Path | None, stack: str | None, profile: str | None, parameters: Path | None, undone: str
    ) -> Judged:
        """By the options of a command; `undone` is what to say where a program fails."""
        if (state is None) == (stack is None):
            raise UsageError("--state FILE, --stack NAME\n  give one of them: what is judged is an export or a stack.")
        own = _read(parameters, "Write {CONTROL: {PARAMETER: VALUE}}.") if parameters else {}
        if state:
            exported = _read(state, "`pulumi stack export --file FILE` writes one.")
            return cls(exported, Path(), False, profile, _known(own, Path()))
        from modelport.cli.places import places
        from modelport.cli.wanted import as_export, resources_wanted

        workspace = Workspace.find(stack)
        of_stack, given = settings(workspace)
        exported = as_export(resources_wanted(workspace, undone=undone))
        root, where = workspace.root, places(workspace, exported["deployment"]["resources"])
        return cls(exported, root, True, profile or of_stack, over(_known(given, root), _known(own, root)), where)

    def review(self, exemptions: Path | None) -> Review:
        """The results, with the exemptions of a file or, without one, of the project."""
        from modelport_policies.review import review

        file = exemptions or self.exemptions
        with _problems_shown():
            return review(
                self.state,
                self.profile,
                parameters=self.parameters,
                exemptions=file,
                rules=own_rules(self.folder),
                planned=self.planned,
            )

    @property
    def exemptions(self) -> Path:
        """The file of the project."""
        return self.folder / "policies" / "exemptions.yaml"


def _known(parameters: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
    from modelport_policies.control import known_parameters

    with _problems_shown():
        return known_parameters(parameters, _controls(folder))


def _controls(folder: Path = Path()) -> Sequence[Control]:
    """The controls of the pack and of the project in a folder."""
    from modelport_policies.controls import catalogue
    from modelport_policies.rules import own_controls

    with _problems_shown():
        return catalogue(own=own_controls(own_rules(folder)))


def _read(file: Path, help_: str) -> Any:
    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file}\n  cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise UsageError(f"{file}\n  not JSON: {error}. {help_}") from None


def _write(found: Review, places: Mapping[str, Place], files: Mapping[str, Path | None]) -> None:
    from modelport_policies.reports import written

    for name, file in files.items():
        if file:
            try:
                file.write_text(written(name, found, places), encoding="utf-8")
            except OSError as error:
                raise UsageError(f"{file}\n  cannot be written: {error.strerror}.") from None


def _show(report: dict[str, Any]) -> None:
    from modelport_policies.register import ADVISED

    violations = report["violations"]
    for each in report["exemptions"]:
        if each["state"] in ADVISED:
            say(f"advisory   exemption\n  {each['message']}")
    for each in violations:
        say(f"{each['level']:<10} {each['rule']}  {each['urn'].rpartition('::')[2]}\n  {each['message']}")
        if each["exempted"]:
            say(f"  {each['exemption']}")
    exempted = sum(each["exempted"] for each in violations)
    unconcerned = sum(each["notApplicable"] for each in report["controls"].values())
    say("\n".join(columns(_counts(report["controls"]))))
    say(
        f"policies     {report['profile']}: {report['evaluated']} evaluated, {len(violations) - exempted} violations, "
        f"{exempted} exempted, {len(report['undecided'])} undecided, {unconcerned} not applicable"
    )
    if violations:
        say(f"next: modelport policies explain {violations[0]['rule']}")


def _counts(controls: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """A row for each control that had something to judge, a column for each verdict that was given."""
    shown = {name: words for name, words in COUNTED.items() if any(each[name] for each in controls.values())}
    rows = [["control", "level", *shown.values()]]
    for control, counts in controls.items():
        if any(counts[name] for name in COUNTED):
            rows.append([control, counts["level"], *(str(counts[name] or "-") for name in shown)])
    return rows


@contextmanager
def _problems_shown() -> Iterator[None]:
    """A wrong profile or export is the user's to correct."""
    from modelport_policies.errors import PolicyError

    try:
        yield
    except PolicyError as error:
        raise UsageError(str(error)) from None
