"""What the runs of one command share: plugins, policy packs, events, and the state as it goes on."""

import asyncio
import math
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from modelport_engine.plugins.nursery import Nursery
from modelport_engine.plugins.plugin import Plugins
from modelport_engine.plugins.stack_references import StackReferences
from modelport_engine.projects.stack import Stack
from modelport_engine.protocol.messages import engine_pb2_grpc
from modelport_engine.protocol.values import UNKNOWN_SENTINELS
from modelport_engine.state.backend import StackName
from modelport_engine.state.resource import Resource
from modelport_engine.state.snapshot_manager import Repeatable, never
from modelport_engine.update import interrupts, offline, packs
from modelport_engine.update.analyzers import Analyzers
from modelport_engine.update.events import Events, OnEvent
from modelport_engine.update.journal import NoJournal, StateJournal
from modelport_engine.update.monitor import EngineService, serve
from modelport_engine.update.packs import Loading
from modelport_engine.update.program import Program
from modelport_engine.update.registry import PROVIDER_TYPE, Pool, package_of
from modelport_engine.update.run import Run


@dataclass(frozen=True)
class Options:
    """How to run.

    `policy_config` maps a pack's folder to a JSON file; `fail_on_undecided` makes a run fail when a policy could not be
    decided; an `offline` preview uses no provider that the project does not bring along, nor the backend, compares with
    the state in the file `against`, and gives its program `config` over the stack's own; `parallel` is how many steps
    run at once; `debug` asks for what the program's SDK says of its own work, several messages a resource; `repeatable`
    tells the types whose creation an earlier run may have begun and this one may repeat; `nursery` starts the program,
    the plugins and the packs of its interpreter, and is closed at the end.
    """

    policy_packs: Sequence[Path] = ()
    policy_config: Mapping[Path, Path] = field(default_factory=dict)
    parallel: int = 4 * (os.cpu_count() or 1)
    refresh: bool = False
    skip_preview: bool = False
    expect_no_changes: bool = False
    fail_on_undecided: bool = False
    continue_on_error: bool = False
    clear_pending_creates: bool = False
    offline: bool = False
    against: Path | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    debug: bool = False
    repeatable: Repeatable = never
    nursery: Nursery | None = None


@dataclass(frozen=True)
class Outcome:
    """How one run ended; `changes` counts resources by operation, `resources` are those that the program wants."""

    succeeded: bool
    changes: Mapping[str, int]
    resources: Sequence[Resource] = ()


class Session:
    """One command at work. Use it as a context: at its end every process that it started is gone."""

    def __init__(self, stack: Stack, options: Options, on_event: OnEvent, env: Mapping[str, str]):
        self.stack = stack
        self.options = options
        secrets = (stack.config[key] for key in stack.settings.secret_keys)
        self._events = Events(on_event, (text for text in secrets if text not in UNKNOWN_SENTINELS))
        self._exit = AsyncExitStack()
        self._program = Program(
            project=stack.project.name,
            stack=stack.name.name,
            root=stack.project.root,
            folder=stack.project.folder,
            python=stack.project.python,
            config=stack.config,
            secret_keys=stack.settings.secret_keys,
            env=env,
            debug=options.debug,
        )

    async def __aenter__(self) -> "Session":
        service = EngineService(self._events, lambda: False)
        server, address = await serve((engine_pb2_grpc.add_EngineServicer_to_server, service))
        if self.options.nursery:
            self._exit.push_async_callback(self.options.nursery.close)
        plugins = Plugins(
            self.stack.project.folder,
            self.stack.project.plugins,
            address,
            self._plugin_says,
            self._program.python,
            self._program.env,
            self.options.nursery,
            self.options.offline,
        )
        self._events.offline = lambda kind: plugins.stands_in_for(package_of(kind))
        self._pool = Pool(plugins, StackReferences(None if self.options.offline else self._outputs_of))
        self._exit.push_async_callback(server.stop, None)
        self._exit.push_async_callback(self._pool.close)
        self._pool.warm(self._expected_packages())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    async def run(self, kind: str, *, preview: bool = False) -> Outcome:
        """One run of the given kind: update, refresh or destroy; in a preview nothing changes.

        What the preview of a refresh finds is what the runs after it start from.
        """
        started, looks = time.time(), kind == "refresh" or not preview
        manager = self.stack.manager(self.options.repeatable, saved=not preview)
        if self.options.clear_pending_creates and not preview:
            manager.clear_pending_creates()
        judges = self.options.policy_packs if kind == "update" else ()
        self._begin(preview, len(judges))
        plugins, config = self._pool.plugins, self.options.policy_config
        async with packs.running(plugins, judges, self._program, config, dry_run=preview) as loading:
            run = self._make_run(preview, StateJournal(manager) if looks else NoJournal(), loading)
            self._warn_of_pending(run)
            work = {"update": run.update, "refresh": run.refresh, "destroy": run.destroy}[kind]
            try:
                succeeded = await self._interruptible(run, work())
            finally:
                if looks:
                    manager.close()
                    self.stack.snapshot = manager.snapshot
        wanted = (replace(each, inputs=self._events.sealed(each.inputs)) for each in run.executor.news.values())
        outcome = Outcome(succeeded, dict(run.executor.changes), tuple(wanted))
        if not preview:
            self.stack.record(kind, started, succeeded=succeeded, changes=outcome.changes)
        self._summarize(run, outcome, math.ceil(time.time() - started))
        return outcome

    def _begin(self, preview: bool, packs: int) -> None:
        self._events.planning = preview
        for _ in range(packs):
            self._events.emit("policyLoadEvent", {})
        self._events.emit("preludeEvent", {"config": self._shown_config()})

    async def _interruptible(self, run: Run, work: Any) -> bool:
        task = asyncio.ensure_future(work)

        def terminate() -> None:
            run.executor.abandon()
            task.cancel()

        with interrupts.handled(run.cancel, terminate, self._events.say):
            try:
                return bool(await task)
            except asyncio.CancelledError:
                self._events.diagnostic("error", "update cancelled", urn=run.registrar.stack)
                raise interrupts.Terminated from None

    def _make_run(self, preview: bool, journal: NoJournal | StateJournal, loading: Loading) -> Run:
        return Run(
            program=self._program,
            base=self.stack.snapshot.resources,
            pool=self._pool,
            analyzers=Analyzers(loading, self._events, preview, self.options.fail_on_undecided),
            events=self._events,
            journal=journal,
            preview=preview,
            parallel=self.options.parallel,
            continue_on_error=self.options.continue_on_error,
        )

    def _shown_config(self) -> dict[str, str]:
        secret = set(self.stack.settings.secret_keys)
        return {key: "[secret]" if key in secret else value for key, value in self.stack.config.items()}

    def _expected_packages(self) -> list[tuple[str, str | None]]:
        """One process for each provider in state; in a new stack, for each that the project brings along."""
        known = [
            each for each in self.stack.snapshot.resources if each.type.startswith(PROVIDER_TYPE) and not each.delete
        ]
        if not known:
            return [(package, None) for package in self.stack.project.plugins]
        return [(each.type.removeprefix(PROVIDER_TYPE), each.inputs.get("version")) for each in known]

    def _warn_of_pending(self, run: Run) -> None:
        pending = self.stack.snapshot.pending_operations
        if pending and not self.options.clear_pending_creates:
            lines = [f"  * {each.resource.urn}, interrupted while {each.type}\n" for each in pending]
            self._events.diagnostic(
                "warning", PENDING.format(count=len(pending), lines="".join(lines)), urn=run.registrar.stack
            )

    def _outputs_of(self, project: str, stack: str) -> Mapping[str, Any] | None:
        return self.stack.outputs_of(StackName(project, stack), self._program.env)

    def _plugin_says(self, name: str, line: str) -> None:
        self._events.diagnostic("debug", f"{name}: {line}\n")

    def _summarize(self, run: Run, outcome: Outcome, seconds: int) -> None:
        if self.options.offline:
            functions = run.registrar.unanswered
            if functions and not outcome.succeeded:
                self._events.diagnostic("info", offline.unanswered(functions), urn=run.registrar.stack)
            undecided = self._events.undecided + Counter({"function call": functions.total()})
            self._events.diagnostic("info", offline.summary(undecided), urn=run.registrar.stack)
        body: dict[str, Any] = {"maybeCorrupt": run.executor.unsure, "durationSeconds": seconds}
        body |= {"resourceChanges": dict(outcome.changes), **run.analyzers.summary(), "isPreview": run.preview}
        self._events.emit("summaryEvent", body | {"result": "succeeded" if outcome.succeeded else "failed"})
        self._events.emit("cancelEvent", {})


PENDING = """Attempting to deploy or update resources with {count} pending operations from previous deployment.
{lines}These resources are in an unknown state because the engine was interrupted while waiting for changes to these \
resources to complete. You should confirm whether or not the operations listed completed successfully by checking the \
state of the appropriate provider.

Once you have confirmed the status of the interrupted operations, run `refresh`, which takes over what exists, and \
`refresh --clear-pending-creates`, which forgets the creations in the list.
"""
