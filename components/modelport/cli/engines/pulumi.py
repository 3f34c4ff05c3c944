from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from modelport.cli.console import tell
from modelport.cli.workspace import Workspace
from modelport.errors import ModelportError

from . import Event, Order


class PulumiCli:
    """The installed `pulumi`. Its `--json` streams the same events that the embedded engine gives.

    A process rather than the Automation API: that one writes the stack's settings and reads events from a file that it
    polls, and neither shortens what is here.
    """

    label = "pulumi"

    def prepared(self) -> AbstractContextManager[None]:
        """See `Engine.prepared`."""
        return nullcontext()

    def run(self, order: Order, on_event: Callable[[Event], None]) -> int:
        """See `Engine.run`."""
        self._select(order.workspace)
        pack = ["--policy-pack", str(order.policy_pack)] if order.policy_pack else []
        if order.operation in ("preview", "up"):
            refresh = ["--refresh"] if order.refresh else []
            code = self._stream(["preview", *refresh, *pack], order.workspace, on_event)
            if code or order.operation == "preview":
                return code
        elif order.confirm:
            self._call([order.operation, "--preview-only"], order.workspace, stdout=sys.stderr)
        if order.confirm and not order.confirm():
            return 1
        judged = pack if order.operation == "up" else []
        return self._stream([order.operation, "--yes", "--skip-preview", *judged], order.workspace, on_event)

    def outputs(self, workspace: Workspace) -> Mapping[str, Any]:
        """See `Engine.outputs`."""
        return dict(json.loads(self._call(["stack", "output", "--json"], workspace)))

    def _select(self, workspace: Workspace) -> None:
        """Make the stack known to the backend; its settings file is there already."""
        self._call(["stack", "select", "--create"], workspace)

    def _call(self, command: list[str], workspace: Workspace, stdout: Any = subprocess.PIPE) -> str:
        words = ["pulumi", *command, "--non-interactive", "--stack", workspace.stack]
        result = subprocess.run(
            words, cwd=workspace.root, env=_environment(workspace), stdout=stdout, stderr=subprocess.PIPE, text=True
        )
        if result.returncode:
            raise ModelportError(f"{' '.join(words)}\n  {result.stderr.strip()}")
        return result.stdout or ""

    def _stream(self, command: list[str], workspace: Workspace, on_event: Callable[[Event], None]) -> int:
        words = ["pulumi", *command, "--json", "--non-interactive", "--stack", workspace.stack]
        with subprocess.Popen(
            words, cwd=workspace.root, env=_environment(workspace), stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            for line in process.stdout:
                if line.startswith("{"):
                    on_event(json.loads(line))
                elif line.strip():
                    tell(line.rstrip())
        return process.returncode


def _environment(workspace: Workspace) -> dict[str, str]:
    """Pulumi starts an installed policy pack with the python on PATH: that has to be ours."""
    path = os.pathsep.join([str(Path(sys.executable).parent), workspace.environment.get("PATH", os.defpath)])
    return {**workspace.environment, "PATH": path, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
