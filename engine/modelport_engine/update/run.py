"""One preview or update: program and providers brought together until every resource is as the program wants it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from modelport_engine.errors import EngineError
from modelport_engine.plugins.plugin import SDK_MODULES
from modelport_engine.plugins.processes import Process
from modelport_engine.protocol.messages import engine_pb2_grpc, resource_pb2, resource_pb2_grpc
from modelport_engine.protocol.urn import STACK_TYPE, Urn
from modelport_engine.protocol.values import Properties, Secret
from modelport_engine.state.resource import Resource
from modelport_engine.update.analyzers import Analyzers
from modelport_engine.update.deletions import layers, with_needs
from modelport_engine.update.events import Events
from modelport_engine.update.executor import Executor, StepFailed, Stopped
from modelport_engine.update.generator import Generator
from modelport_engine.update.journal import Journal
from modelport_engine.update.monitor import EngineService, Monitor, serve
from modelport_engine.update.program import ALREADY_TOLD, Program
from modelport_engine.update.registrar import Registrar
from modelport_engine.update.registry import PROVIDER_TYPE, Pool, Registry
from modelport_engine.update.steps import Op, Step


@dataclass
class Run:
    """The parts of one run, wired. `base` is the state before it, in order."""

    program: Program
    base: Sequence[Resource]
    pool: Pool
    analyzers: Analyzers
    events: Events
    journal: Journal
    preview: bool
    parallel: int
    continue_on_error: bool = False
    executor: Executor = field(init=False)
    registrar: Registrar = field(init=False)
    _cancelled: bool = False
    _telling: asyncio.Future[None] | None = None

    def __post_init__(self) -> None:
        self.executor = Executor(
            self.journal,
            self.events,
            preview=self.preview,
            parallel=self.parallel,
            continue_on_error=self.continue_on_error,
        )
        registry = Registry(self.pool, self.base, self._provider_config)
        generator = Generator(self.base, registry, self.analyzers)
        program = self.program
        info = resource_pb2.DeploymentInfo(
            project=program.project,
            stack=program.stack,
            organization=program.organization,
            config=dict(program.config),
            configSecretKeys=program.secret_keys,
            dryRun=self.preview,
            parallel=self.parallel,
        )
        stack = Urn.make(program.stack, program.project, "", STACK_TYPE, f"{program.project}-{program.stack}")
        self.registrar = Registrar(stack, program.root, program.folder, info, generator, self.executor, registry)

    async def update(self) -> bool:
        """Run the program to its end, then delete what is left over; returns whether all went well."""
        service = EngineService(self.events, self.executor.stopping.is_set)
        server, address = await serve(
            (resource_pb2_grpc.add_ResourceMonitorServicer_to_server, Monitor(self.registrar, self.registrar.info)),
            (engine_pb2_grpc.add_EngineServicer_to_server, service),
        )
        self.registrar.monitor_address = address
        process = await self.program.start(
            address,
            dry_run=self.preview,
            parallel=self.parallel,
            on_line=partial(self._program_says, "info"),
            on_error=partial(self._program_says, "info#err"),
            nursery=self.pool.plugins.nursery,
        )
        try:
            await self._follow(process)
            await self.executor.drain()
            if not self.executor.stopping.is_set() and not self.executor.errors:
                self._stack_outputs()
                await self._judge_stack()
        finally:
            await process.stop()
            await self.executor.drain()
            self._stack_outputs()
            self._say_how_it_ended()
            await server.stop(None)
            await self.registrar.transforms.close()
            self.pool.release()
        return not (self.executor.errors or service.errors)

    async def refresh(self) -> bool:
        """Take over what exists now, all resources side by side; returns whether all went well."""
        try:
            steps = [await self._refresh_step(resource) for resource in self.base if not resource.pending_replacement]
            await self.executor.run_together(steps)
        except (Stopped, StepFailed):
            pass
        except EngineError as error:
            self.executor.fail(str(error))
        return await self._over()

    async def destroy(self) -> bool:
        """Delete everything; returns whether all went well."""
        await self.delete(self.registrar.generator.leftovers(self.base))
        return await self._over()

    async def _over(self) -> bool:
        await self.executor.drain()
        self._say_how_it_ended()
        self.pool.release()
        return not self.executor.errors

    async def _refresh_step(self, resource: Resource) -> Step:
        asked = resource.custom and not resource.type.startswith(PROVIDER_TYPE)
        provider = await self.registrar.registry.of(resource) if asked else None
        known = {key: urns for key, urns in resource.property_dependencies.items() if urns}
        return Step(Op.REFRESH, resource, replace(resource, property_dependencies=known), provider)

    async def _follow(self, process: Process) -> None:
        """Wait until the program has registered everything, delete the rest, and let it end."""
        ended = asyncio.create_task(process.wait())
        signalled = asyncio.create_task(self.registrar.signalled.wait())
        stopped = asyncio.create_task(self.executor.stopping.wait())
        try:
            await asyncio.wait({ended, signalled, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not signalled.done() and ended.done() and ended.result():
                return self._program_failed(ended.result())
            await self.executor.drain()
            if self.executor.stopping.is_set():
                return None
            await self.delete(self.registrar.generator.leftovers(self.base))
            self.registrar.finished.set()
            await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done() and ended.result():
                self._program_failed(ended.result())
        finally:
            for task in (ended, signalled, stopped):
                task.cancel()

    async def delete(self, steps: Sequence[Step]) -> None:
        """Delete, dependents first; a failure ends it after its layer, or keeps only what the failed one needs."""
        graph = {resource.urn: resource.needs for resource in [*self.base, *(step.resource for step in steps)]}
        try:
            for layer in layers(steps):
                kept = with_needs(self.executor.failed, graph)
                layer = [step for step in layer if step.resource.urn not in kept]
                for step in layer:
                    step.provider = await self.registrar.generator.deleter(step.resource)
                await self.executor.run_together(layer)
        except (Stopped, StepFailed):
            pass
        except EngineError as error:
            self.executor.fail(str(error))

    def cancel(self) -> None:
        """Let what is running finish, with no more waiting than the providers want; start nothing new, and fail."""
        self._cancelled = True
        self.executor.cancel()
        self._telling = asyncio.ensure_future(self.pool.cancel())

    def _say_how_it_ended(self) -> None:
        if self.executor.failed:
            self.executor.fail(f"{self._kind} failed")
        elif self._cancelled:
            self.executor.fail(f"{self._kind} canceled")

    @property
    def _kind(self) -> str:
        return "preview" if self.preview else "update"

    def _program_failed(self, code: int) -> None:
        if code == ALREADY_TOLD:
            self.executor.errors += 1
            self.executor.stop()
        else:
            self.executor.fail(f"Program exited with non-zero exit code: {code}", self.registrar.stack)

    def _program_says(self, severity: str, line: str) -> None:
        if not self.executor.stopping.is_set():
            self.events.diagnostic(severity, line + "\n", urn=self.registrar.stack)

    def _stack_outputs(self) -> None:
        """The stack's outputs: the new ones, or after a failure the old ones with the new keys."""
        urn, outputs = self.registrar.stack, self.registrar.stack_outputs
        if outputs is None or urn not in self.executor.news:
            return
        if self.executor.errors:
            outputs = {**self.executor.news[urn].outputs, **outputs}
        self.executor.outputs(urn, outputs)
        self.registrar.stack_outputs = None

    async def _judge_stack(self) -> None:
        try:
            goals = self.registrar.generator.goals
            await self.analyzers.judge_stack(self.registrar.stack, self.executor.news.values(), goals)
        except EngineError as error:
            self.executor.fail(str(error))

    def _provider_config(self, package: str) -> Properties:
        """A package's part of the config; a dynamic provider is part of the program, and gets what the program gets."""
        prefix, secret = "" if package in SDK_MODULES else f"{package}:", set(self.program.secret_keys)
        own = {key: value for key, value in self.program.config.items() if key.startswith(prefix)}
        return {key.removeprefix(prefix): Secret(value) if key in secret else value for key, value in own.items()}
