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

EXEMPTIONS = "MODELPORT_POLICY_EXEMPTIONS"

Parameters = Mapping[str, Mapping[str, Any]]


def policy_pack() -> Path:
    """The pack that is installed."""
    import modelport_policies

    return modelport_policies.path()


def with_exemptions(workspace: Workspace) -> Workspace:
    """The project's own exemptions judge with the pack, wherever that is installed."""
    file = workspace.root / "policies" / "exemptions.yaml"
    if EXEMPTIONS in os.environ or not file.exists():
        return workspace
    return replace(workspace, environment={**workspace.environment, EXEMPTIONS: str(file)})


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
