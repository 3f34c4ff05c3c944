"""The program: started in a process of its own, with the interpreter that its project names."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelport_engine.plugins.nursery import CHILDREN, Nursery
from modelport_engine.plugins.processes import OnLine, Process

ALREADY_TOLD = 32  # the program's exit code when the engine has its error message


@dataclass(frozen=True)
class Program:
    """What to run: `folder` is where Pulumi.yaml's `main` points, `root` where Pulumi.yaml itself lies.

    With `debug` its SDK tells the engine of each of its own steps, too.
    """

    project: str
    stack: str
    root: Path
    folder: Path
    python: Path
    config: Mapping[str, str]
    secret_keys: Sequence[str]
    env: Mapping[str, str]
    organization: str = "organization"
    debug: bool = False

    async def start(
        self,
        monitor: str,
        *,
        dry_run: bool,
        parallel: int,
        on_line: OnLine,
        on_error: OnLine,
        nursery: Nursery | None = None,
    ) -> Process:
        """Start it against the engine at `monitor`."""
        settings = {
            "entry": str(self.folder),
            "folder": str(self.folder),
            "monitor": monitor,
            "engine": monitor,
            "project": self.project,
            "stack": self.stack,
            "organization": self.organization,
            "root_directory": str(self.root),
            "parallel": parallel,
            "dry_run": dry_run,
            "debug": self.debug,
        }
        env = {
            **self.env,
            "PULUMI_CONFIG": json.dumps(dict(self.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(self.secret_keys)),
        }
        if (self.python.parent.parent / "pyvenv.cfg").exists():
            env |= {
                "VIRTUAL_ENV": str(self.python.parent.parent),
                "PATH": f"{self.python.parent}{os.pathsep}{env.get('PATH', '')}",
            }
        arguments: list[str | Path] = [CHILDREN / "program.py", json.dumps(settings)]
        return await Process.start(
            "the program",
            self.python,
            arguments,
            cwd=self.folder,
            env=env,
            on_line=on_line,
            on_error=on_error,
            announces=False,
            nursery=nursery,
        )
