"""The services that commands are about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .workspace import Workspace, find_project, service_file

if TYPE_CHECKING:
    from modelport.spec import Environment, Loaded


def find_service(name_or_file: str) -> Path:
    """The file of a service that is given by its path, or by its name in the project around the current folder.

    Raises:
        UsageError: there is no service of that name, or no project.
    """
    if name_or_file.endswith((".yaml", ".yml")):
        return Path(name_or_file)
    return service_file(find_project().folder / "services", name_or_file)


def load_in_stack(file: Path, workspace: Workspace) -> tuple[Loaded, Environment]:
    """A service as a stack has it, with the stack's overrides, and the stack.

    Raises:
        ConfigError: everything that is wrong with the stack file, or else with the service.
    """
    from modelport.spec import load_environment, load_service, read_stack

    environment = load_environment(workspace.stack_file)
    in_file = read_stack(workspace.stack_file).at("modelport:overrides").without_encrypted()
    overrides = in_file if isinstance(in_file.data, dict) else environment.overrides
    return load_service(file, overrides=overrides), environment
