"""What judges the previews of a project."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .errors import UsageError
from .workspace import Workspace

EXEMPTIONS, RULES = "MODELPORT_POLICY_EXEMPTIONS", "MODELPORT_POLICY_RULES"
FILES = {EXEMPTIONS: "exemptions.yaml", RULES: "rules.py"}
"""What a project has in its folder `policies`, by the variable that says where it is."""

Parameters = Mapping[str, Mapping[str, Any]]


def policy_pack() -> Path:
    """The pack that is installed."""
    import modelport_policies

    return modelport_policies.path()


def with_own_policies(workspace: Workspace) -> Workspace:
    """The project's own rules and exemptions judge with the pack, wherever that is installed."""
    files = {name: workspace.root / "policies" / file for name, file in FILES.items()}
    there = {name: str(file) for name, file in files.items() if name not in os.environ and file.exists()}
    return replace(workspace, environment={**workspace.environment, **there}) if there else workspace


def own_rules(folder: Path = Path()) -> Path:
    """The rules of the project in a folder, or in the current one."""
    return Path(os.environ.get(RULES) or folder / "policies" / FILES[RULES])


def settings(workspace: Workspace) -> tuple[str | None, Any]:
    """Profile and parameters, as the config of a stack has them.

    Raises:
        UsageError: the parameters are no object.
    """
    from modelport_engine.projects.project import Project
    from modelport_engine.projects.stack_config import StackConfig

    config = StackConfig.load(Project.load(workspace.root), workspace.stack, readable=False).texts(lambda _: "null")
    try:
        return config.get("modelport-policies:profile"), json.loads(config.get("modelport-policies:parameters", "{}"))
    except ValueError:
        raise UsageError(f"{workspace.stack_file}\n  modelport-policies:parameters is no object.") from None


def over(given: Parameters, own: Parameters) -> Parameters:
    """Parameters of controls, the second over the first."""
    return {control: {**given.get(control, {}), **own.get(control, {})} for control in (*given, *own)}
