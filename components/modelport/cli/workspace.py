from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import UsageError
from .local_env import read_local_env

if TYPE_CHECKING:
    from modelport_engine.projects.project import Project


@dataclass(frozen=True)
class Workspace:
    """One stack of the project that a command is about.

    Attributes:
        root: the folder of Pulumi.yaml.
        stack: the stack's name; it has a stack file.
        stack_file: that file.
        services: the folder of the service files.
        environment: the process environment, completed by `.modelport/env`.
    """

    root: Path
    stack: str
    stack_file: Path
    services: Path
    environment: Mapping[str, str]

    @classmethod
    def find(cls, stack: str | None = None, folder: Path | None = None) -> Workspace:
        """The stack of the project around `folder`: the one named, else PULUMI_STACK, else the only one.

        Raises:
            UsageError: when there is no project, no such stack, or more than one to choose from.
        """
        project = find_project(folder)
        chosen = _stack(project, stack or os.environ.get("PULUMI_STACK"))
        file = project.stack_file(chosen)
        return cls(project.root, chosen, file, project.folder / "services", read_local_env(project.root))

    def service_file(self, service: str) -> Path:
        """The file of a service by its name.

        Raises:
            UsageError: when there is none, with the nearest that there is.
        """
        return service_file(self.services, service)


def service_file(services: Path, service: str) -> Path:
    """The file of a service by its name, in the folder of the service files.

    Raises:
        UsageError: when there is none, with the nearest that there is.
    """
    file = services / f"{service}.yaml"
    if not file.exists():
        from modelport.spec import did_you_mean

        known = sorted(path.stem for path in services.glob("*.yaml"))
        raise UsageError(f"{file}\n  no such service. {did_you_mean(service, known)}".rstrip())
    return file


def find_project(folder: Path | None = None) -> Project:
    """The project around `folder`, or around the current one."""
    from modelport_engine.projects.project import Project, ProjectError

    try:
        return Project.load(folder or Path.cwd())
    except ProjectError as error:
        hint = "See what it lacks with: modelport doctor"
        if project_root(folder) is None:
            hint = "Start one with: modelport init NAME --model FILE.onnx --target local"
        raise UsageError(f"{error}\n  {hint}") from None


def project_root(folder: Path | None = None) -> Path | None:
    """The nearest folder with a Pulumi.yaml at or above `folder`, or the current one, whatever is in that file."""
    here = folder or Path.cwd()
    return next((each for each in (here, *here.parents) if (each / "Pulumi.yaml").is_file()), None)


def _stack(project: Project, wanted: str | None) -> str:
    known = project.stack_files()
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted is None:
        raise UsageError(f"which stack? Name one with -s: {', '.join(known) or 'there is none yet'}")
    if wanted not in known:
        from modelport.spec import did_you_mean

        where = project.stack_file(wanted)
        raise UsageError(f"{where}\n  no stack named {wanted}. {did_you_mean(wanted, known)}".rstrip())
    return wanted
