"""What happens with a request of the program: from a registration to its answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from modelport_engine.errors import EngineError
from modelport_engine.plugins.provider import Provider
from modelport_engine.protocol.assets import with_digests
from modelport_engine.protocol.messages import callback_pb2, provider_pb2, resource_pb2
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import Properties, contains_unknown, from_struct, plain_outputs, to_struct
from modelport_engine.state.resource import Resource
from modelport_engine.update import goals
from modelport_engine.update.analyzers import PolicyViolation
from modelport_engine.update.executor import Executor, Skipped, StepFailed, Stopped
from modelport_engine.update.generator import Generator
from modelport_engine.update.goals import Goal
from modelport_engine.update.registry import PROVIDER_TYPE, Registry, package_of, plugin_inputs, provided_by
from modelport_engine.update.steps import Op, Step
from modelport_engine.update.transforms import Registration, Transforms

Answer = TypeVar("Answer")

SKIP: Any = 2  # of the enum Result; the SDK's messages do not name it


@dataclass
class Registrar:
    """Handles the registrations of one run.

    `stack` is the stack resource's URN, `root` the project's folder, `folder` where the program runs, and `info` what
    components are told.
    """

    stack: Urn
    root: Path
    folder: Path
    info: resource_pb2.DeploymentInfo
    generator: Generator
    executor: Executor
    registry: Registry
    monitor_address: str = ""
    transforms: Transforms = field(default_factory=Transforms)
    signalled: asyncio.Event = field(default_factory=asyncio.Event)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    stack_outputs: Properties | None = None
    unanswered: Counter[str] = field(default_factory=Counter)  # functions that an offline preview could not call
    _component_providers: dict[str, dict[str, str]] = field(default_factory=dict)  # of components
    _own_transforms: dict[str, list[callback_pb2.Callback]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def guarded(self, answer: Awaitable[Answer]) -> Answer | None:
        """The answer, or None when there is none because the run has failed or was stopped."""
        try:
            return await answer
        except (Stopped, StepFailed):
            return None
        except Skipped:
            return None
        except PolicyViolation:
            self.executor.errors += 1
            self.executor.stop()
            return None
        except EngineError as error:
            if not self.executor.stopping.is_set():  # else it is an echo of what has been told
                self.executor.fail(str(error), getattr(error, "urn", ""))
            return None

    async def register(self, request: Registration) -> resource_pb2.RegisterResourceResponse:
        """Register one resource: transforms, provider, steps."""
        chain = self._transform_chain(request)
        request = await self.transforms.register(request, chain)
        refuse_unsupported(request)
        urn = Urn.make(self.stack.stack, self.stack.project, request.parent, request.type, request.name)
        self._own_transforms[str(urn)] = chain
        if not request.custom:
            self._component_providers[str(urn)] = {
                **self._component_providers.get(request.parent, {}),
                **request.providers,
            }
        if request.remote:
            return await self._construct(request, urn)
        provider = ""
        if request.custom and not request.type.startswith(PROVIDER_TYPE):
            provider = await self._provider(request)
        parent = self.generator.goals.get(request.parent)
        known = goals.aliases_of(
            request.aliases, request.aliasURNs, urn, request.parent, parent.aliases if parent else ()
        )
        values = self._values(request.object)
        goal = goals.from_request(request, values, urn, parent, provider, known, self.root)
        if request.type.startswith(PROVIDER_TYPE):
            goal = replace(goal, inputs=goal.inputs | plugin_inputs(request.version, request.pluginDownloadURL))
        try:
            resource, result = await self.apply(goal), resource_pb2.SUCCESS
        except (StepFailed, Skipped) as failure:
            if self.executor.stopping.is_set() or not request.supportsResultReporting:
                raise
            resource = failure.resource
            result = SKIP if isinstance(failure, Skipped) else resource_pb2.FAIL
        outputs = resource.outputs if request.custom else {}
        return resource_pb2.RegisterResourceResponse(
            urn=resource.urn, id=resource.id, object=to_struct(outputs), result=result
        )

    async def apply(self, goal: Goal) -> Resource:
        """Bring one goal about; returns the resource as it is then."""
        async with (
            self._turn
        ):  # decisions are made one at a time, in the order of registration; what they lead to runs side by side
            if self.executor.stopping.is_set():
                raise Stopped
            try:
                steps = await self.generator.steps(goal)
            except EngineError as error:
                error.urn = str(goal.urn)  # type: ignore[attr-defined]
                raise
        resource = await self.executor.run(steps)
        if steps[0].op in (Op.IMPORT, Op.IMPORT_REPLACEMENT):
            async with self._turn:
                steps = await self.generator.after_import(goal, resource)
            resource = await self.executor.run(steps) if steps else resource
        if goal.urn.type.startswith(PROVIDER_TYPE):
            self.registry.ready(resource)
        return resource

    async def register_outputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> bool:
        """Complete a component; the stack's outputs are kept until the run is over."""
        outputs = plain_outputs(self._values(request.outputs))
        if request.urn == str(self.stack):
            self.stack_outputs = outputs
        else:
            self.executor.outputs(request.urn, outputs)
        return True

    async def read(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        """Read an object that something else manages; state holds it as external."""
        urn = Urn.make(self.stack.stack, self.stack.project, request.parent, request.type, request.name)
        goal = Goal(
            urn=urn,
            custom=True,
            inputs=plain_outputs(self._values(request.properties)),
            parent=request.parent,
            provider=await self._provider(request),
            dependencies=tuple(request.dependencies),
            additional_secret_outputs=tuple(request.additionalSecretOutputs),
            source_position=goals.position(request.sourcePosition, self.root),
            stack_trace=goals.trace(request.stackTrace, self.root),
        )
        async with self._turn:
            old = self.generator.take_over(goal)
        provider = await self.registry.by_reference(goal.provider)
        step = Step(Op.READ, old, goal.resource(id=request.id, external=True, inputs=goal.inputs), provider)
        resource = await self.executor.run([step])
        return resource_pb2.ReadResourceResponse(urn=resource.urn, properties=to_struct(resource.outputs))

    async def invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        """Call a function of a provider."""
        request = await self.transforms.invoke(request)
        provider = await self.registry.by_reference(await self._provider(request, request.tok))
        arguments = plain_outputs(self._values(request.args))
        if provider.offline:
            self.unanswered[request.tok] += 1
        if provider.offline or contains_unknown(arguments):
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        result, failures = await provider.invoke(request.tok, arguments, self.info.dryRun)
        answer: dict[str, Any] = {"return": to_struct(result), "failures": failures}  # `return` is no name in Python
        return resource_pb2.ResourceInvokeResponse(**answer)

    async def call(self, request: resource_pb2.ResourceCallRequest) -> provider_pb2.CallResponse:
        """Call a method of a component that a plugin runs."""
        provider = await self.registry.by_reference(await self._callee(request))
        refuse_offline(provider, request.tok)
        info = self.info
        asked = provider_pb2.CallRequest(
            tok=request.tok,
            project=info.project,
            stack=info.stack,
            organization=info.organization,
            config=dict(info.config),
            configSecretKeys=info.configSecretKeys,
            dryRun=info.dryRun,
            parallel=info.parallel,
            monitorEndpoint=self.monitor_address,
            accepts_output_values=True,
        )
        for key, each in request.argDependencies.items():
            asked.argDependencies[key].urns.extend(each.urns)
        answer: provider_pb2.CallResponse = await provider.call(asked, self._values(request.args))
        return answer

    async def unsupported(self, what: str) -> NoReturn:
        """Fail by name."""
        raise EngineError(f"{what} is not supported by this engine; run the program with `pulumi up`")

    async def _construct(self, request: Registration, urn: Urn) -> resource_pb2.RegisterResourceResponse:
        """Let a plugin run the component; it registers the component and its children here, too."""
        provider = await self.registry.by_reference(await self._provider(request))
        refuse_offline(provider, request.type)
        answer = await provider.construct(self._construct_request(request), self._values(request.object))
        response = resource_pb2.RegisterResourceResponse(
            urn=answer.urn, object=to_struct(plain_outputs(from_struct(answer.state)))
        )
        for key, each in answer.stateDependencies.items():
            response.propertyDependencies[key].urns.extend(each.urns)
        return response

    def _construct_request(self, request: Registration) -> provider_pb2.ConstructRequest:
        info = self.info
        asked = provider_pb2.ConstructRequest(
            project=info.project,
            stack=info.stack,
            organization=info.organization,
            config=dict(info.config),
            configSecretKeys=info.configSecretKeys,
            dryRun=info.dryRun,
            parallel=info.parallel,
            monitorEndpoint=self.monitor_address,
            type=request.type,
            name=request.name,
            parent=request.parent,
            providers=dict(request.providers),
            dependencies=request.dependencies,
            aliases=request.aliases,
            additionalSecretOutputs=request.additionalSecretOutputs,
            ignoreChanges=request.ignoreChanges,
            replaceOnChanges=request.replaceOnChanges,
            deletedWith=request.deletedWith,
            accepts_output_values=True,
        )
        for option in ("protect", "retainOnDelete"):
            if request.HasField(option):
                setattr(asked, option, getattr(request, option))
        if request.deleteBeforeReplaceDefined:
            asked.deleteBeforeReplace = request.deleteBeforeReplace
        for key, each in request.propertyDependencies.items():
            asked.inputDependencies[key].urns.extend(each.urns)
        return asked

    async def _callee(self, request: resource_pb2.ResourceCallRequest) -> str:
        """The provider of a method: what the request names, the resource's own, or the resource if it is one."""
        resource = from_struct(request.args).get("__self__") or {}
        if request.tok.startswith(PROVIDER_TYPE):
            return f"{resource.get('urn')}::{resource.get('id')}"
        goal = self.generator.goals.get(resource.get("urn", ""))
        if not request.provider and goal and goal.provider:
            return goal.provider
        return await self._provider(request, request.tok)

    async def _provider(self, request: Any, token: str = "") -> str:
        """The provider that a request names, else the default one of its package."""
        package = package_of(token or request.type)
        if request.provider:
            return str(request.provider)
        parent = getattr(request, "parent", "")
        known: dict[str, str] = {**self._component_providers.get(parent, {}), **getattr(request, "providers", {})}
        if package in known:
            return known[package]
        if (goal := self.generator.goals.get(parent)) and goal.provider and provided_by(goal.provider) == package:
            return goal.provider
        return await self.registry.default(package, request.version, request.pluginDownloadURL, self.apply, self.stack)

    def _values(self, struct: Any) -> Properties:
        """What the program sent, with a digest in every asset."""
        values: Properties = with_digests(from_struct(struct), self.folder)
        return values

    def _transform_chain(self, request: Registration) -> list[callback_pb2.Callback]:
        return [*request.transforms, *self._own_transforms.get(request.parent, [])]


def refuse_offline(provider: Provider, token: str) -> None:
    """Fail by name for a component, or a method, whose plugin is not there: only it knows what they are made of."""
    if provider.offline:
        raise EngineError(
            f"{token} is made by the plugin {provider.plugin.name}, which is not part of the project, so it cannot be "
            "previewed offline; preview without --offline"
        )


def refuse_unsupported(request: Registration) -> None:
    """Fail by name for an option that this engine does not know."""
    asked = {
        "replacement trigger": request.HasField("replacement_trigger"),
        "replace_with": request.replace_with,
    }
    asked["hooks"] = any(values for _, values in request.hooks.ListFields())
    for option, given in asked.items():
        if given:
            raise EngineError(
                f"{request.type} {request.name}: the option {option} is not supported by this engine; "
                "run the program with `pulumi up`"
            )
