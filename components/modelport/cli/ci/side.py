"""One revision's plan of one stack. A process of its own makes it: the program, and in a repository that has them the
components too, are those of the revision.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from modelport.cli.engines import Order
from modelport.cli.report import Report
from modelport.cli.workspace import Workspace
from modelport.errors import ModelportError
from modelport_engine.plugins.nursery import Nursery

ROOMS = ("components", "engine", "policies", "serving_image")
"""Where this project's own repository has its packages."""


@dataclass(frozen=True)
class Judges:
    """By what a plan is judged: always the base's.

    Attributes:
        folder: of the base's project.
        profile: of the base's stack; None where it has none.
        parameters: of controls, likewise.
    """

    folder: str
    profile: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wish:
    """A plan that is wanted.

    Attributes:
        project: the folder of the revision's project.
        services: to plan only these; None plans all.
    """

    project: str
    stack: str
    services: tuple[str, ...] | None
    judges: Judges


@dataclass(frozen=True)
class Side:
    """What a revision wants.

    Attributes:
        resources: as in an export; none where there is no such stack, or its program fails.
        errors: what the program failed with, in words.
        exit_code: of `modelport preview`.
        findings: `Review.summary` of the plan.
        reports: SARIF and JUnit of it, by name.
    """

    resources: tuple[Mapping[str, Any], ...] = ()
    errors: tuple[str, ...] = ()
    exit_code: int = 0
    findings: Mapping[str, Any] = field(default_factory=dict)
    reports: Mapping[str, str] = field(default_factory=dict)


class Planning:
    """A plan in the making, its program forked from a nursery unless the revision has packages of its own."""

    def __init__(self, wish: Wish, nursery: Nursery | None = None):
        own = _own_packages(wish)
        ends = nursery.lend() if nursery and nursery.serves(Path(sys.executable)) and not own else ()
        command = [sys.executable, "-m", __name__, json.dumps(asdict(wish)), *map(str, ends)]
        self._wish = wish
        self._process = subprocess.Popen(
            command,
            cwd=wish.project,
            env=_environment(own),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=ends,
        )
        for end in ends:
            os.close(end)

    def side(self) -> Side:
        """Wait for it."""
        output, said = self._process.communicate()
        try:
            return Side(**json.loads(output))
        except ValueError:
            last = said.strip().splitlines()[-1:] or [f"exit status {self._process.returncode}"]
            return Side(errors=(f"{self._wish.stack} could not be planned: {last[0]}",), exit_code=1)

    def stop(self) -> None:
        """End it, if it still goes on."""
        self._process.kill()
        self._process.communicate()


def _own_packages(wish: Wish) -> list[str]:
    """Where packages of the revision's own repository are; the policies are the base's."""
    rooms = {room: Path(wish.project, room) for room in ROOMS} | {"policies": Path(wish.judges.folder, "policies")}
    return [str(path) for path in rooms.values() if any(path.glob("modelport*"))]


def _environment(own: list[str]) -> dict[str, str]:
    inherited = [each for each in [os.environ.get("PYTHONPATH")] if each]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*own, *inherited])}


def plan(wish: Wish, nursery: Nursery | None) -> Side:
    """Plan a stack without a cloud, a state or a passphrase, and judge the plan."""
    from modelport.cli.engines.embedded import Embedded
    from modelport.cli.wanted import as_export

    engine, report = Embedded(nursery), Report()
    workspace = Workspace.find(wish.stack, Path(wish.project))
    only = {} if wish.services is None else {"modelport:services": json.dumps(wish.services)}
    order = Order("preview", workspace, offline=True, config=only)
    with engine.prepared():
        result = engine.preview(order, lambda event: report.take(event) and None)
    if code := report.exit_code(result.exit_code):
        return Side(errors=tuple(report.errors), exit_code=code)
    export = as_export(result.resources)
    return Side(tuple(export["deployment"]["resources"]), **_judged(export, wish.judges, workspace))


def _judged(export: dict[str, Any], judges: Judges, workspace: Workspace) -> dict[str, Any]:
    from modelport.cli.places import places
    from modelport_policies.reports import written
    from modelport_policies.review import review

    own = Path(judges.folder, "policies")
    found = review(
        export,
        judges.profile,
        parameters=judges.parameters,
        exemptions=own / "exemptions.yaml",
        rules=own / "rules.py",
        planned=True,
    )
    where = places(workspace, export["deployment"]["resources"])
    return {"findings": found.summary(), "reports": {name: written(name, found, where) for name in ("sarif", "junit")}}


def main(words: str, *ends: str) -> None:
    """Plan what is wished for, and print it; `ends` are of the nursery that is lent."""
    given = json.loads(words)
    nursery = Nursery.lent(Path(sys.executable), *map(int, ends)) if ends else None
    wish = Wish(**{**given, "judges": Judges(**given["judges"])})
    try:
        side = plan(wish, nursery)
    except ModelportError as error:
        side = Side(errors=(str(error),), exit_code=error.exit_code)
    print(json.dumps(asdict(side)))


if __name__ == "__main__":
    main(*sys.argv[1:])
