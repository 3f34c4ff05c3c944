from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
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

    def run(self, order: Order, on_event: Callable[[Event], None]) -> int:
        """See `Engine.run`."""
        self._select(order.workspace)
        pack = ["--policy-pack", str(order.policy_pack)] if order.policy_pack else []
        preview = {"preview": ["preview", *pack], "up": ["preview", *pack], "destroy": ["destroy", "--preview-only"]}
        if command := preview.get(order.operation):
            code = self._stream(command, order.workspace, on_event)
            if code or order.operation == "preview":
                return code
        if order.confirm and not order.confirm():
            return 1
        change = [order.operation, "--yes", *(["--skip-preview"])]
        return self._stream(change + (pack if order.operation == "up" else []), order.workspace, on_event)

    def outputs(self, workspace: Workspace) -> Mapping[str, Any]:
        """See `Engine.outputs`."""
        command = ["pulumi", "stack", "output", "--json", "--stack", workspace.stack, "--non-interactive"]
        result = subprocess.run(
            command, cwd=workspace.root, env=dict(workspace.environment), capture_output=True, text=True
        )
        if result.returncode:
            raise ModelportError(result.stderr.strip())
        return dict(json.loads(result.stdout))

    def _select(self, workspace: Workspace) -> None:
        """Make the stack known to the backend; its settings file is there already."""
        command = ["pulumi", "stack", "select", workspace.stack, "--create", "--non-interactive"]
        result = subprocess.run(
            command, cwd=workspace.root, env=dict(workspace.environment), capture_output=True, text=True
        )
        if result.returncode:
            raise ModelportError(result.stderr.strip())

    def _stream(self, command: list[str], workspace: Workspace, on_event: Callable[[Event], None]) -> int:
        environment = {**workspace.environment, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
        words = ["pulumi", *command, "--json", "--non-interactive", "--stack", workspace.stack]
        with subprocess.Popen(words, cwd=workspace.root, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                if line.startswith("{"):
                    on_event(json.loads(line))
                elif line.strip():
                    tell(line.rstrip())
        return process.returncode
