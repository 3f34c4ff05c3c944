from __future__ import annotations

import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from modelport.cli.console import say, say_json
from modelport.cli.errors import FAILED
from modelport.cli.machine import PLUGIN_FILES, VENV
from modelport.cli.workspace import project_root

SDKS = {
    "kubernetes": ("pulumi_kubernetes", "kubernetes"),
    "sagemaker": ("pulumi_aws", "aws"),
    "vertex": ("pulumi_gcp", "gcp"),
}
"""Modules that targets need, and the extras of modelport that bring them."""
RUNTIME = ("numpy", "onnx", "onnxruntime", "orjson", "uvloop", "httptools")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `remedy` is the command that mends it, `needed` whether anything hangs on it."""

    subject: str
    state: str
    ok: bool = True
    needed: bool = True
    remedy: str = ""


def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="Make what is missing of the project's .modelport folder.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document.")] = False,
) -> None:
    """Say what is installed and, per target, what is missing. Fails when something that is needed is."""
    root = project_root()
    if fix and root:
        from modelport.cli.machine import ensure_machine

        ensure_machine(root)
    findings = [*_installed(), *_targets(), *(_project(root) if root else [])]
    failed = any(finding.needed and not finding.ok for finding in findings)
    if as_json:
        say_json({"ok": not failed, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            mark = "ok" if finding.ok else "missing" if finding.needed else "-"
            say(f"{mark:<8} {finding.subject:<24} {finding.state}" + (f"  {finding.remedy}" if finding.remedy else ""))
    raise typer.Exit(FAILED if failed else 0)


def _installed() -> list[Finding]:
    from importlib.metadata import version

    python = ".".join(map(str, sys.version_info[:3]))
    pulumi = shutil.which("pulumi")
    return [
        Finding("python", python, (3, 11) <= sys.version_info[:2] < (3, 14)),
        Finding("modelport", version("modelport")),
        Finding("pulumi SDK", version("pulumi")),
        Finding("pulumi", pulumi or "not on PATH: the embedded engine is used", pulumi is not None, needed=False),
    ]


def _targets() -> list[Finding]:
    from importlib.util import find_spec

    from modelport.cli.templates import template
    from modelport.targets import NAMES

    lacking = [name for name in RUNTIME if find_spec(name) is None]
    state = f"lacks {', '.join(lacking)}" if lacking else "the server's runtime is installed"
    remedy = "pip install 'modelport[local]'" if lacking else ""
    others = [name for name in NAMES if template(name) is None]
    return [
        Finding("target local", state, not lacking, remedy=remedy),
        *(_sdk(name, module, extra) for name, (module, extra) in SDKS.items()),
        *(Finding(f"target {name}", "not built yet", ok=False, needed=False) for name in others),
    ]


def _sdk(target: str, module: str, extra: str) -> Finding:
    from importlib.util import find_spec

    if find_spec(module):
        return Finding(f"target {target}", f"{module} is installed")
    remedy = f"pip install 'modelport[{extra}]'"
    return Finding(f"target {target}", f"lacks {module}", ok=False, needed=False, remedy=remedy)


def _project(root: Path) -> list[Finding]:
    """What the project's own files say that it needs on this machine."""
    from modelport.cli.local_env import FILE, OURS, read_local_env
    from modelport_engine.errors import EngineError
    from modelport_engine.projects.project import Project

    fix = "modelport doctor --fix"
    try:
        project = Project.load(root)
    except EngineError as error:
        mendable = not (root / VENV / "bin" / "python").exists()
        return [Finding("project", str(error), ok=False, remedy=fix if mendable else "")]
    plugin = project.plugins.get("modelport")
    served = plugin is not None and all((plugin / name).exists() for name in PLUGIN_FILES)
    environment = read_local_env(root)
    stated = any(name in environment for name in OURS)
    return [
        Finding("project", f"{project.name} in {root}"),
        Finding("interpreter", str(project.python)),
        Finding("plugin", str(plugin or "not in Pulumi.yaml"), served, remedy="" if served else fix),
        Finding("state and passphrase", str(FILE) if stated else "not set", stated, remedy="" if stated else fix),
    ]
