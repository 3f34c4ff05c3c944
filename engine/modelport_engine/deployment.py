"""What a command does with a stack: preview, update, refresh, destroy."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.projects.project import Project
from modelport_engine.projects.stack import Stack
from modelport_engine.state.resource import Resource
from modelport_engine.update.events import OnEvent
from modelport_engine.update.interrupts import Terminated
from modelport_engine.update.session import Options, Outcome, Session

__all__ = ["Options", "Outcome", "Result", "destroy", "preview", "refresh", "up"]

FAILED = 1
CANCELLED = 8


@dataclass(frozen=True)
class Result:
    """How a command ended.

    `changes` counts resources by operation: create, update, replace, delete, same ... `resources` are those that the
    program wants, with its secrets marked as such.
    """

    exit_code: int
    changes: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    resources: Sequence[Resource] = ()


Confirm = Callable[[Outcome], bool]


def preview(
    project: Project,
    stack: str,
    options: Options | None = None,
    *,
    on_event: OnEvent,
    env: Mapping[str, str] = os.environ,
) -> Result:
    """Say what an update would do; changes nothing, takes no lock. Raises EngineError before the program starts."""
    options = options or Options()

    async def work(session: Session) -> Outcome:
        if options.refresh and not (found := await session.run("refresh", preview=True)).succeeded:
            return found
        return await session.run("update", preview=True)

    if options.offline:
        opened = Stack.offline(project, stack, options.against, env, options.config)
    else:
        opened = Stack.open(project, stack, env)
    return _perform(opened, options, on_event, env, work, lock=False)


def up(
    project: Project,
    stack: str,
    options: Options | None = None,
    *,
    on_event: OnEvent,
    confirm: Confirm | None = None,
    env: Mapping[str, str] = os.environ,
) -> Result:
    """Preview, ask `confirm`, and update; a preview that fails, or is not confirmed, ends it. Raises as `preview`."""
    options = options or Options()

    async def work(session: Session) -> Outcome:
        if options.refresh:
            await session.run("refresh")
        if not options.skip_preview:
            planned = await session.run("update", preview=True)
            if not planned.succeeded or (confirm and not confirm(planned)):
                return Outcome(False, planned.changes)
        return await session.run("update")

    return _perform(Stack.open(project, stack, env), options, on_event, env, work)


def refresh(
    project: Project,
    stack: str,
    options: Options | None = None,
    *,
    on_event: OnEvent,
    confirm: Confirm | None = None,
    env: Mapping[str, str] = os.environ,
) -> Result:
    """Take over into state what exists now; runs no program."""

    async def work(session: Session) -> Outcome:
        if confirm and not confirm(Outcome(True, {})):
            return Outcome(False, {})
        return await session.run("refresh")

    return _perform(Stack.open(project, stack, env), options or Options(), on_event, env, work)


def destroy(
    project: Project,
    stack: str,
    options: Options | None = None,
    *,
    on_event: OnEvent,
    confirm: Confirm | None = None,
    env: Mapping[str, str] = os.environ,
) -> Result:
    """Delete everything that state knows, dependents first; runs no program."""
    options = options or Options()

    async def work(session: Session) -> Outcome:
        if not options.skip_preview:
            planned = await session.run("destroy", preview=True)
            if not planned.succeeded or (confirm and not confirm(planned)):
                return Outcome(False, planned.changes)
        return await session.run("destroy")

    return _perform(Stack.open(project, stack, env), options, on_event, env, work)


def _perform(
    stack: Stack,
    options: Options,
    on_event: OnEvent,
    env: Mapping[str, str],
    work: Callable[[Session], Awaitable[Outcome]],
    *,
    lock: bool = True,
) -> Result:
    async def main() -> Result:
        async with Session(stack, options, on_event, env) as session:
            outcome = await work(session)
            outputs = session.stack.snapshot.outputs
        code = 0 if outcome.succeeded else FAILED
        if options.expect_no_changes and (changed := set(outcome.changes) - {"same", "read"}):
            raise EngineError(f"no changes were expected but changes were proposed: {', '.join(sorted(changed))}")
        return Result(code, outcome.changes, outputs, outcome.resources)

    try:
        if not lock:
            return asyncio.run(main())
        with stack.lock():
            return asyncio.run(main())
    except Terminated:
        return Result(CANCELLED)
