"""The two engines that run a stack's program: Pulumi's own where it is installed, and the embedded one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from modelport.cli.errors import UsageError
from modelport.cli.workspace import Workspace

Operation = Literal["preview", "up", "refresh", "destroy"]
Event = dict[str, Any]
"""An engine event in the JSON form of `pulumi up --json`."""


@dataclass(frozen=True)
class Order:
    """What is to be done to a stack.

    Attributes:
        confirm: asked after the preview and before anything changes; None goes ahead.
        policy_pack: folder of the pack that judges the preview; None judges nothing.
        offline: preview without clouds, backend and passphrase; the embedded engine alone can.
        refresh: preview what is to be done about what really exists; nothing of it comes into the state.
        against: with `offline`, the file of an exported state to compare with.
        config: with `offline`, what the program gets over the stack's config, by full key.
    """

    operation: Operation
    workspace: Workspace
    confirm: Callable[[], bool] | None = None
    policy_pack: Path | None = None
    offline: bool = False
    refresh: bool = False
    against: Path | None = None
    config: Mapping[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """Runs a stack's program."""

    label: str

    def prepared(self) -> AbstractContextManager[None]:
        """Around the run of an order: begins what takes time and needs no order, and ends what is left of it."""

    def run(self, order: Order, on_event: Callable[[Event], None]) -> int:
        """Carry an order out, a preview first where something may change; gives the engine's exit code."""

    def outputs(self, workspace: Workspace) -> Mapping[str, Any]:
        """The stack's outputs in plain values, secrets hidden."""


def choose(name: str, *, offline: bool = False) -> Engine:
    """The engine that `--engine` asks for: `auto` is `pulumi` where that is installed and can do it."""
    if name not in ("auto", "pulumi", "embedded"):
        raise UsageError(f"--engine {name}\n  allowed: auto, pulumi, embedded")
    if name == "pulumi" and not shutil.which("pulumi"):
        raise UsageError("--engine pulumi\n  pulumi is not on PATH. Install it, or use --engine embedded.")
    if name == "pulumi" and offline:
        raise UsageError("--offline\n  pulumi needs its providers and the backend. Use --engine embedded for it.")
    if name == "embedded" or (name == "auto" and (offline or not shutil.which("pulumi"))):
        from .embedded import Embedded

        return Embedded()
    from .pulumi import PulumiCli

    return PulumiCli()
