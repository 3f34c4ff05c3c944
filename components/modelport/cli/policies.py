"""What judges the previews of a project."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from .workspace import Workspace

EXEMPTIONS = "MODELPORT_POLICY_EXEMPTIONS"


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
