"""Policy packs: started, told of the stack and configured."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.protobuf import empty_pb2
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from modelport_engine.errors import EngineError
from modelport_engine.plugins.plugin import Plugin, Plugins, how_to_run
from modelport_engine.protocol.messages import analyzer_pb2 as pb
from modelport_engine.protocol.messages import analyzer_pb2_grpc
from modelport_engine.update import policy_config
from modelport_engine.update.program import Program

MANIFEST = "PulumiPolicy.yaml"
SEVERITIES = ("", "low", "medium", "high", "critical")  # as the protocol numbers them


class PackFailed(EngineError):
    """A policy pack broke off, or answered with an error."""


@dataclass(frozen=True)
class Policy:
    """One policy as it is configured: `scope` is a pb.PolicyType, `severity` empty where none is stated."""

    name: str
    scope: int
    level: str
    severity: str


@dataclass
class Pack:
    """One running policy pack; `path` is its folder as the user gave it."""

    path: Path
    plugin: Plugin
    stub: Any
    name: str = ""
    version: str = ""
    policies: Sequence[Policy] = ()

    @property
    def names(self) -> dict[str, str]:
        """The pack, as events about its policies name it."""
        return {
            "policyPackName": self.name,
            "policyPackVersion": self.version,
            "policyPackVersionTag": self.version,
        }

    def severity(self, policy: str) -> str:
        """The severity that one of its policies states."""
        return next((each.severity for each in self.policies if each.name == policy), "")

    async def ask(self, method: str, request: Any, *, optional: bool = False) -> Any:
        """One request; None where the pack may lack the method, and does. Raises PackFailed with the pack's words."""
        try:
            return await self.plugin.call(getattr(self.stub, method), request)
        except grpc.aio.AioRpcError as error:
            if optional and error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return None
            raise PackFailed(f"policy pack {self.name or self.path} failed: {error.details()}") from error


Loading = asyncio.Future[list[Pack]]


@asynccontextmanager
async def running(
    plugins: Plugins, paths: Sequence[Path], program: Program, config: Mapping[Path, Path], *, dry_run: bool
) -> AsyncIterator[Loading]:
    """The packs of one run, side by side in processes of their own; `config` maps a pack's path to a file.

    They start while the run does. Awaiting them raises EngineError when one does not come up, with its own output, or
    when its configuration is wrong.
    """
    starts = [_load(plugins, path, program, config.get(path), dry_run) for path in paths]
    loading = asyncio.ensure_future(asyncio.gather(*starts))
    try:
        yield loading
    finally:
        loading.cancel()
        with suppress(asyncio.CancelledError, EngineError):
            for pack in await loading:
                await _unload(plugins, pack)


async def _load(plugins: Plugins, path: Path, program: Program, file: Path | None, dry_run: bool) -> Pack:
    given = policy_config.read(file) if file else {}
    folder, version = _pack_at(path)
    python, target = how_to_run(folder, MANIFEST)
    env = {
        "PULUMI_PROJECT": program.project,
        "PULUMI_STACK": program.stack,
        "PULUMI_ORGANIZATION": program.organization,
        "PULUMI_DRY_RUN": str(dry_run).lower(),
        "PULUMI_CONFIG": json.dumps(dict(program.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(program.secret_keys)),
    }
    plugin = await plugins.launch(str(folder), python, target, folder, [plugins.engine], env)
    pack = Pack(path, plugin, analyzer_pb2_grpc.AnalyzerStub(plugin.channel))
    hello = pb.AnalyzerHandshakeRequest(
        engine_address=plugins.engine, root_directory=str(folder), program_directory=str(folder)
    )
    await pack.ask("Handshake", hello, optional=True)
    await pack.ask("ConfigureStack", _stack_request(program, dry_run), optional=True)
    await pack.ask("GetPluginInfo", empty_pb2.Empty(), optional=True)
    info = await pack.ask("GetAnalyzerInfo", empty_pb2.Empty())
    info.version = version or info.version
    pack.name, pack.version = info.name, info.version
    if file and not info.supportsConfig:
        raise EngineError(f"policy pack {info.name} at {path} does not support config")
    configured = policy_config.configured(info, given)
    if info.supportsConfig:
        await pack.ask("Configure", policy_config.request(configured))
    pack.policies = [
        Policy(each.name, each.policy_type, configured[each.name].level, SEVERITIES[each.severity])
        for each in sorted(info.policies, key=attrgetter("name"))
    ]
    return pack


def _pack_at(path: Path) -> tuple[Path, str]:
    """The absolute folder of a pack, and the version that its manifest states."""
    folder = path.resolve()
    manifest = folder / MANIFEST
    if not manifest.exists():
        raise EngineError(f"{folder} is no policy pack: {MANIFEST} is missing")
    try:
        content = YAML(typ="safe").load(manifest.read_text()) or {}
    except YAMLError as error:
        raise EngineError(f"{manifest} cannot be read: {error}") from error
    return folder, str(content.get("version") or "")


def _stack_request(program: Program, dry_run: bool) -> pb.AnalyzerStackConfigureRequest:
    return pb.AnalyzerStackConfigureRequest(
        stack=program.stack,
        project=program.project,
        organization=program.organization,
        dry_run=dry_run,
        config_secret_keys=program.secret_keys,
        config=dict(program.config),
    )


async def _unload(plugins: Plugins, pack: Pack) -> None:
    if pack.plugin.process.ended is None:
        await pack.ask("Cancel", empty_pb2.Empty(), optional=True)
    await plugins.end(pack.plugin)
