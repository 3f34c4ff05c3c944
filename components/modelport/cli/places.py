"""Where in a project to change what becomes of a resource, for reports that lead to lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modelport.reports.owners import Row, owners_of
from modelport_policies.reports.place import Place

from .workspace import Workspace


def places(workspace: Workspace, rows: Sequence[Row]) -> dict[str, Place]:
    """By URN: the file of its service, if the project has one of that name, or else the stack file."""
    top = _source_root(workspace.root)
    return {
        urn: Place(_file(workspace, owner.service).relative_to(top).as_posix(), 1)
        for urn, owner in owners_of(rows).items()
    }


def _file(workspace: Workspace, service: str) -> Path:
    file = workspace.services / f"{service}.yaml"
    return file if service and file.exists() else workspace.stack_file


def _source_root(folder: Path) -> Path:
    """The top of the repository around a folder, or the folder itself where there is none."""
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)
