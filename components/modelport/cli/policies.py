"""What judges the previews of a project."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from .workspace import Workspace

FILES = {"MODELPORT_POLICY_EXEMPTIONS": "exemptions.yaml", "MODELPORT_POLICY_RULES": "rules.py"}
"""What a project has in its folder `policies`, by the variable that says where it is."""


def policy_pack() -> Path:
    """The pack that is installed."""
    import modelport_policies

    return modelport_policies.path()


def with_own_policies(workspace: Workspace) -> Workspace:
    """The project's own rules and exemptions judge with the pack, wherever that is installed."""
    files = {name: workspace.root / "policies" / file for name, file in FILES.items()}
    there = {name: str(file) for name, file in files.items() if name not in os.environ and file.exists()}
    return replace(workspace, environment={**workspace.environment, **there}) if there else workspace
