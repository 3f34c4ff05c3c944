from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelport.cli.console import columns, say, say_json
from modelport.cli.errors import POLICY, UsageError

from .options import AsJson

if TYPE_CHECKING:
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


def _rules() -> Path:
    """The rules of the project in this folder."""
    return Path(os.environ.get("MODELPORT_POLICY_RULES") or Path("policies", "rules.py"))


def _report(what: str) -> Any:
    return typer.Option(metavar="FILE", help=f"Write {what}.", show_default=False)


app = typer.Typer(no_args_is_help=True, help="What every stack is judged by.")


@app.command("list")
def list_(profile: Profile = None, as_json: AsJson = False) -> None:
    """List the controls and their level in each profile, or in one."""
    from modelport_policies.control import PROFILES, known_profile
    from modelport_policies.controls import catalogue
    from modelport_policies.rules import own_controls

    with _problems_shown():
        profiles = [known_profile(profile)] if profile else list(PROFILES)
        controls = catalogue(own=own_controls(_rules()))
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
    from modelport_policies.controls import catalogue
    from modelport_policies.page import section
    from modelport_policies.rules import own_controls

    with _problems_shown():
        found = {each.id: each for each in catalogue(own=own_controls(_rules()))}
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
    state: Annotated[Path, typer.Option("--state", help="A deployment export: `pulumi stack export` writes one.")],
    profile: Profile = None,
    exemptions: Annotated[
        Path | None,
        typer.Option(
            "--exemptions",
            envvar="MODELPORT_POLICY_EXEMPTIONS",
            exists=True,
            dir_okay=False,
            help="Findings that are accepted; without it, policies/exemptions.yaml of this folder.",
        ),
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option("--parameters", help="Parameters of controls: a JSON file, {CONTROL: {PARAMETER: VALUE}}."),
    ] = None,
    sarif: Annotated[Path | None, _report("SARIF 2.1.0, for code scanning")] = None,
    junit: Annotated[Path | None, _report("JUnit's XML, for CI systems that show tests")] = None,
    markdown: Annotated[Path | None, _report("Markdown, for the summary of a run")] = None,
    evidence: Annotated[Path | None, _report("JSON by framework and requirement, for auditors")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a deployment export, offline. Fails on a mandatory violation that is not exempted."""
    from modelport_policies.review import review

    with _problems_shown():
        found = review(
            _read(state, "`pulumi stack export --file FILE` writes one."),
            profile,
            parameters=_read(parameters, "Write {CONTROL: {PARAMETER: VALUE}}.") if parameters else None,
            exemptions=exemptions or Path("policies", "exemptions.yaml"),
            rules=_rules(),
        )
    _write(found, {"sarif": sarif, "junit": junit, "markdown": markdown, "evidence": evidence})
    report = found.summary()
    if as_json:
        say_json(report)
    else:
        _show(report)
    if found.stops():
        raise typer.Exit(POLICY)


def _read(file: Path, help_: str) -> Any:
    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file}\n  cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise UsageError(f"{file}\n  not JSON: {error}. {help_}") from None


def _write(found: Review, files: Mapping[str, Path | None]) -> None:
    from modelport_policies.reports import written

    for name, file in files.items():
        if file:
            try:
                file.write_text(written(name, found), encoding="utf-8")
            except OSError as error:
                raise UsageError(f"{file}\n  cannot be written: {error.strerror}.") from None


def _show(report: dict[str, Any]) -> None:
    violations = report["violations"]
    for each in violations:
        say(f"{each['level']:<10} {each['rule']}  {each['urn'].rpartition('::')[2]}\n  {each['message']}")
        if each["exempted"]:
            say(f"  {each['exemption']}")
    exempted = sum(each["exempted"] for each in violations)
    say("\n".join(columns(list(_counts(report["controls"])))))
    say(
        f"policies     {report['profile']}: {report['evaluated']} evaluated, {len(violations) - exempted} violations, "
        f"{exempted} exempted, {len(report['undecided'])} undecided"
    )
    if violations:
        say(f"next: modelport policies explain {violations[0]['rule']}")


def _counts(controls: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    """A row for each control that had something to judge."""
    yield ["control", "level", *COUNTED.values()]
    for control, counts in controls.items():
        if any(counts[name] for name in COUNTED):
            yield [control, counts["level"], *(str(counts[name]) for name in COUNTED)]


@contextmanager
def _problems_shown() -> Iterator[None]:
    """A wrong profile or export is the user's to correct."""
    from modelport_policies.errors import PolicyError

    try:
        yield
    except PolicyError as error:
        raise UsageError(str(error)) from None
