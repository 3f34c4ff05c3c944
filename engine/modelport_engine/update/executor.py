"""Runs steps: so many at once, each written to state before and after, and nothing new once something failed."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from modelport_engine.errors import EngineError
from modelport_engine.plugins.plugin import PluginFailed
from modelport_engine.plugins.provider import InitFailed, ProviderError
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import Properties
from modelport_engine.state.resource import Resource
from modelport_engine.update.events import Events
from modelport_engine.update.journal import Journal
from modelport_engine.update.steps import Op, Protected, Step, secured

UNTOUCHED, PARTIAL, UNKNOWN = range(3)


class Stopped(Exception):
    """The run has failed or was cancelled: nothing new may start."""


class StepFailed(EngineError):
    """A step failed; the user has been told. `resource` is what its chain should have led to."""

    def __init__(self, message: str, resource: Resource):
        super().__init__(message)
        self.resource = resource


class Skipped(Exception):
    """The steps of `resource` were not run, because what it needs has failed."""

    def __init__(self, resource: Resource):
        super().__init__(resource.urn)
        self.resource = resource


class Executor:
    """Runs chains of steps for one run, and knows the state that results.

    With `continue_on_error` a failure ends only its own chain, and what needs it is skipped; `failed` has the URNs.
    """

    def __init__(
        self, journal: Journal, events: Events, *, preview: bool, parallel: int, continue_on_error: bool = False
    ):
        self.news: dict[str, Resource] = {}
        self.failed: set[str] = set()
        self.changes: Counter[str] = Counter()
        self.errors = 0
        self.unsure = False
        self.stopping = asyncio.Event()
        self._journal = journal
        self._events = events
        self._preview = preview
        self._continue = continue_on_error
        self._slots = asyncio.Semaphore(parallel)
        self._running: set[asyncio.Task[None]] = set()
        self._open: dict[str, Step] = {}
        self._cancelled = False

    async def run(self, steps: Sequence[Step]) -> Resource:
        """Run the steps one after the other; returns the resource as it is then.

        Raises:
            StepFailed: if a step did.
            Skipped: if what the resource needs has failed.
            Stopped: before a step that may not start any more.
        """
        resource = steps[-1].resource
        if resource.needs & self.failed:
            self.failed.add(resource.urn)
            raise Skipped(resource)
        await asyncio.shield(self._start(steps))  # the program may go away; what it asked for is finished and recorded
        return self.news[resource.urn]

    async def run_together(self, steps: Sequence[Step]) -> None:
        """Run steps side by side, all of them even if one fails; raises StepFailed if one did that ends the run."""
        if self.stopping.is_set():
            raise Stopped
        outcomes = await asyncio.gather(*(self._start([step], together=True) for step in steps), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and (self.stopping.is_set() or not isinstance(outcome, StepFailed)):
                raise outcome

    async def drain(self) -> None:
        """Wait for what is running."""
        while self._running:
            await asyncio.wait(self._running)

    def abandon(self) -> None:
        """Wait for nothing: what is under way stays a pending operation."""
        self.stop()
        for task in self._running:
            task.cancel()

    def cancel(self) -> None:
        """As `stop`; steps that run together do not start any more either."""
        self._cancelled = True
        self.stop()

    def stop(self) -> None:
        """Let running steps finish, and start nothing new."""
        self.stopping.set()

    def fail(self, message: str, urn: str = "") -> None:
        """Tell the user about an error, and stop."""
        self.tell(message, urn)
        self.stop()

    def tell(self, message: str, urn: str = "") -> None:
        """Tell the user about an error for which the run will have failed, and go on."""
        self.errors += 1
        self._events.diagnostic("error", message, urn=urn)

    def outputs(self, urn: str, outputs: Properties) -> None:
        """A component has its outputs: this ends its step for the user."""
        if urn not in self.news:
            raise EngineError(f"outputs for {urn}, which is not registered")
        resource = replace(self.news[urn], outputs=outputs)
        self._journal.amend(self.news[urn], resource)
        self.news[urn] = resource
        if step := self._open.pop(urn, None):
            step.new = resource
            self._events.done(step)

    def _start(self, steps: Sequence[Step], *, together: bool = False) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._chain(steps, together))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _chain(self, steps: Sequence[Step], together: bool) -> None:
        async with self._slots:
            for step in steps:
                if self._cancelled or (self.stopping.is_set() and not together):
                    raise Stopped
                await self._step(step, steps[-1].resource)

    async def _step(self, step: Step, goal: Resource) -> None:
        if step.op is Op.REPLACE:
            step.new = self.news.get(step.resource.urn, step.new)  # the new object, if there is one already
        self._events.begun(step)
        operation = await self._journal.begin(step)
        problem: Exception | None = None
        try:
            await step.apply(self._preview)
        except InitFailed as error:
            problem = error
        except PluginFailed as error:
            raise self._failed(step, error, goal) from error  # nobody knows how far it came: it stays pending
        except EngineError as error:
            await self._journal.end(operation, step, done=False)
            raise self._failed(step, error, goal) from error
        if step.new and step.op is not Op.REPLACE:
            step.new = self.news[step.new.urn] = secured(step.new)
        await self._journal.end(operation, step, done=True)
        if problem:
            raise self._failed(step, problem, goal) from problem
        self._done(step)

    def _done(self, step: Step) -> None:
        if _counts(step):
            self.changes[str(step.outcome)] += 1
        component = step.new is not None and not step.new.custom and step.op is not Op.REFRESH
        if component:
            self._open[step.resource.urn] = step
        if not component or self._preview:
            self._events.done(step)

    def _failed(self, step: Step, error: Exception, goal: Resource) -> StepFailed:
        self.tell(str(error), step.resource.urn)
        if not self._preview:
            self._events.failed(step, status := _status(step, error), self.changes.total())
            self.unsure = self.unsure or status == UNKNOWN
        self.failed |= {step.resource.urn, goal.urn}
        if not (self._continue or isinstance(error, Protected)):  # a refusal has touched nothing
            self.stop()
        return StepFailed(str(error), goal)


def _counts(step: Step) -> bool:
    """Whether the summary counts a step; what was read counts when it was known and has changed."""
    if step.op is Op.READ:
        return bool(step.old and step.new and step.old.outputs != step.new.outputs)
    internal = step.op is Op.REMOVE_PENDING_REPLACE or Urn(step.resource.urn).is_default_provider
    return (step.logical or step.op is Op.REFRESH) and not internal


def _status(step: Step, error: Exception) -> int:
    """What a failure means for the object, in Pulumi's terms."""
    if isinstance(error, InitFailed):
        return PARTIAL
    return UNKNOWN if isinstance(error, ProviderError) and step.old else UNTOUCHED
