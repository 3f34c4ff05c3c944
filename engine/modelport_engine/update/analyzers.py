"""Policy packs: analyzers that may change what a resource asks for, and forbid it."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.protobuf import empty_pb2
from ruamel.yaml import YAML

from modelport_engine.errors import EngineError
from modelport_engine.plugins.plugin import Plugin, Plugins, how_to_run
from modelport_engine.protocol.messages import analyzer_pb2 as pb
from modelport_engine.protocol.messages import analyzer_pb2_grpc
from modelport_engine.protocol.values import Properties, from_struct, hide_secrets, restore_secrets, to_struct
from modelport_engine.state.resource import Resource
from modelport_engine.update.events import Events
from modelport_engine.update.goals import Goal
from modelport_engine.update.program import Program

LEVELS = {pb.ADVISORY: "advisory", pb.MANDATORY: "mandatory", pb.DISABLED: "disabled", pb.REMEDIATE: "remediate"}
MANIFEST = "PulumiPolicy.yaml"


class PolicyViolation(EngineError):
    """A mandatory policy forbids a resource, or the stack."""

    exit_code = 1


@dataclass
class Analyzer:
    """One running policy pack."""

    folder: Path
    plugin: Plugin
    info: pb.AnalyzerInfo
    stub: Any
    version: str

    async def ask(self, method: Any, request: Any) -> Any:
        """One request; a pack that fails stops the run with its own message."""
        try:
            return await self.plugin.call(method, request)
        except grpc.aio.AioRpcError as error:
            raise EngineError(
                f"policy pack {self.info.name} failed: {error.details()}{self.plugin.process.last_words()}"
            ) from error


@dataclass
class Analyzers:
    """The policy packs of one run, which may still be starting.

    In a preview a mandatory violation is noted and the preview goes on; in an update it stops the run.
    """

    packs: "asyncio.Task[Sequence[Analyzer]]"
    events: Events
    preview: bool
    violated: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    async def judge(self, resource: Resource, goal: Goal) -> Properties:
        """The inputs after remediation; raises PolicyViolation when an update must not go on."""
        inputs = resource.inputs
        for pack in await self.packs:
            inputs = await self._remediate(pack, resource, goal, inputs)
        judged = replace(resource, inputs=inputs)
        for pack in await self.packs:
            answer = await pack.ask(pack.stub.Analyze, pb.AnalyzeRequest(**described(judged, goal, inputs)))
            self._report(pack, answer, resource.urn)
        if self.violated and not self.preview:
            raise PolicyViolation(f"{resource.urn} violates a mandatory policy")
        return inputs

    async def judge_stack(self, resources: Sequence[Resource], goals: Mapping[str, Goal]) -> None:
        """Let every pack look at the whole stack; raises PolicyViolation if a mandatory policy is violated, or was."""
        for pack in await self.packs:
            request = pb.AnalyzeStackRequest()
            for resource in resources:
                known = pb.AnalyzerResource(**described(resource, goals.get(resource.urn), resource.outputs))
                known.parent = resource.parent
                known.dependencies.extend(resource.dependencies)
                for key, urns in resource.property_dependencies.items():
                    known.propertyDependencies[key].urns.extend(urns)
                request.resources.append(known)
            self._report(pack, await pack.ask(pack.stub.AnalyzeStack, request), "")
        if self.violated:
            raise PolicyViolation("preview failed" if self.preview else "a mandatory policy was violated")

    async def _remediate(self, pack: Analyzer, resource: Resource, goal: Goal, inputs: Properties) -> Properties:
        answer = await pack.ask(pack.stub.Remediate, pb.AnalyzeRequest(**described(resource, goal, inputs)))
        for remedy in answer.remediations:
            if remedy.diagnostic:
                self.events.diagnostic("warning", remedy.diagnostic, urn=resource.urn)
                continue
            before, inputs = inputs, restore_secrets(from_struct(remedy.properties), inputs)
            body = {
                "resourceUrn": resource.urn,
                "policyName": remedy.policyName,
                "policyPackName": remedy.policyPackName,
            }
            body |= {"policyPackVersion": remedy.policyPackVersion, "policyPackVersionTag": remedy.policyPackVersion}
            self.events.emit(
                "policyRemediationEvent", body | {"before": hide_secrets(before), "after": hide_secrets(inputs)}
            )
        return inputs

    def _report(self, pack: Analyzer, answer: pb.AnalyzeResponse, urn: str) -> None:
        self.counts["not applicable"] += len(answer.not_applicable)
        for found in answer.diagnostics:
            undecided = found.message.startswith("can't run policy")
            self.counts["undecided" if undecided else "violations"] += 1
            level = LEVELS[found.enforcementLevel]
            self.violated = self.violated or level == "mandatory"
            body = {
                "resourceUrn": found.urn or urn,
                "message": found.message + "\n",
                "color": "never",
                "policyName": found.policyName,
                "policyPackName": found.policyPackName,
                "policyPackVersion": pack.version,
                "policyPackVersionTag": pack.version,
                "enforcementLevel": level,
            }
            severity = pb.PolicySeverity.Name(found.severity).removeprefix("POLICY_SEVERITY_").lower()
            self.events.emit("policyEvent", body | ({} if severity == "unspecified" else {"severity": severity}))


async def load(
    plugins: Plugins, folders: Sequence[Path], program: Program, config: Mapping[Path, Path], dry_run: bool
) -> Sequence[Analyzer]:
    """Start the packs side by side and configure them; raises with the pack's own output when one does not come up."""
    return list(
        await asyncio.gather(*(_load(plugins, folder, program, config.get(folder), dry_run) for folder in folders))
    )


async def reconfigured(
    loading: "asyncio.Task[Sequence[Analyzer]]", program: Program, dry_run: bool
) -> Sequence[Analyzer]:
    """The same packs, told which run they judge now."""
    packs = await loading
    for pack in packs:
        await pack.ask(pack.stub.ConfigureStack, _stack_request(program, dry_run))
    return packs


async def _load(plugins: Plugins, folder: Path, program: Program, config: Path | None, dry_run: bool) -> Analyzer:
    folder, version = _pack_at(folder)
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
    stub = analyzer_pb2_grpc.AnalyzerStub(plugin.channel)
    pack = Analyzer(folder, plugin, pb.AnalyzerInfo(name=str(folder)), stub, "")
    await pack.ask(stub.ConfigureStack, _stack_request(program, dry_run))
    pack.info = await pack.ask(stub.GetAnalyzerInfo, empty_pb2.Empty())
    pack.version = version or pack.info.version
    await pack.ask(stub.Configure, policy_config(pack.info, config))
    return pack


def _pack_at(folder: Path) -> tuple[Path, str]:
    """The absolute folder of a pack, and the version that its manifest states."""
    folder = folder.resolve()
    if not (folder / MANIFEST).exists():
        raise EngineError(f"{folder} is no policy pack: {MANIFEST} is missing")
    manifest = YAML(typ="safe").load((folder / MANIFEST).read_text()) or {}
    return folder, str(manifest.get("version") or "")


def policy_config(info: pb.AnalyzerInfo, file: Path | None) -> pb.ConfigureAnalyzerRequest:
    """Level and properties of each policy: its own, then the pack's initial config, then the user's file."""
    given: dict[str, Any] = json.loads(file.read_text()) if file else {}
    everyone = given.pop("all", None)
    request = pb.ConfigureAnalyzerRequest()
    for policy in info.policies:
        entry = request.policyConfig[policy.name]
        entry.enforcementLevel = policy.enforcementLevel
        if policy.name in info.initialConfig:
            entry.CopyFrom(info.initialConfig[policy.name])
        entry.properties.SetInParent()
        for wanted in (everyone, given.get(policy.name)):
            fields = {"enforcementLevel": wanted} if isinstance(wanted, str) else dict(wanted or {})
            if level := fields.pop("enforcementLevel", None):
                entry.enforcementLevel = pb.EnforcementLevel.Value(level.upper())
            entry.properties.update(fields)
    return request


def described(resource: Resource, goal: Goal | None, properties: Properties) -> dict[str, Any]:
    """A resource as the Analyzer protocol has it."""
    options = pb.AnalyzerResourceOptions(
        protect=resource.protect,
        ignoreChanges=resource.ignore_changes,
        additionalSecretOutputs=resource.additional_secret_outputs,
        aliases=goal.aliases if goal else (),
        customTimeouts=pb.AnalyzerResourceOptions.CustomTimeouts(**resource.custom_timeouts),
        parent=resource.parent,
        deleteBeforeReplace=bool(goal and goal.delete_before_replace),
        deleteBeforeReplaceDefined=bool(goal and goal.delete_before_replace is not None),
    )
    known = {"type": resource.type, "properties": to_struct(properties), "urn": resource.urn, "options": options}
    known["name"] = resource.urn.rpartition("::")[2]
    if resource.provider:
        urn = resource.provider_urn
        known["provider"] = pb.AnalyzerProviderResource(
            type=urn.split("::")[-2].rpartition("$")[2], urn=urn, name=urn.rpartition("::")[2]
        )
    return known


def _stack_request(program: Program, dry_run: bool) -> pb.AnalyzerStackConfigureRequest:
    return pb.AnalyzerStackConfigureRequest(
        stack=program.stack,
        project=program.project,
        organization=program.organization,
        dry_run=dry_run,
        config_secret_keys=program.secret_keys,
        config=dict(program.config),
    )
