"""Child processes that do not outlive the engine, and whose output nobody loses."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from modelport_engine.errors import EngineError
from modelport_engine.plugins.nursery import CHILDREN, LINE_BYTES, Child, Nursery

TAIL_LINES = 30
GRACE_SECONDS = 3.0
LOOPBACK = "127.0.0.1,localhost"

OnLine = Callable[[str], None]


class ProcessFailed(EngineError):
    """A child process ended, or did not answer, while it was needed; the message holds its last lines."""


class Process:
    """One child process in a process group of its own: a Ctrl-C at the terminal reaches the engine alone.

    `on_line` gets every line that it writes, but not the first one of a plugin, which is for `first_line`; `on_error`
    gets those that go to standard error instead, if it is given.
    """

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process | Child,
        on_line: OnLine,
        on_error: OnLine | None = None,
        *,
        announces: bool = True,
    ):
        self.name = name
        self._process = process
        self._tail: list[str] = []
        self._first: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        assert process.stdout and process.stderr
        self._pumps = [
            asyncio.create_task(self._pump(process.stdout, on_line, head=announces)),
            asyncio.create_task(self._pump(process.stderr, on_error or on_line)),
        ]

    @classmethod
    async def start(
        cls,
        name: str,
        python: Path,
        arguments: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        on_line: OnLine,
        on_error: OnLine | None = None,
        announces: bool = True,
        nursery: Nursery | None = None,
    ) -> "Process":
        """Start what `launch.py` takes with an interpreter, from its nursery where there is one.

        Raises:
            ProcessFailed: when the system cannot.
        """
        words, env = [str(word) for word in arguments], {**env, **_past_proxies(env), "PYTHONUNBUFFERED": "1"}
        if nursery and nursery.serves(python):
            child: asyncio.subprocess.Process | Child = await nursery.start(words, cwd, env)
            return cls(name, child, on_line, on_error, announces=announces)
        try:
            process = await asyncio.create_subprocess_exec(
                *(str(python), str(CHILDREN / "launch.py"), str(os.getpid()), *words),
                cwd=cwd,
                env=env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                process_group=0,
                limit=LINE_BYTES,
            )
        except OSError as error:
            raise ProcessFailed(f"{name} could not be started: {error.strerror}: {error.filename or python}") from error
        return cls(name, process, on_line, on_error, announces=announces)

    async def first_line(self, within: float) -> str:
        """The first line of its output; raises ProcessFailed if it ends before that or takes over `within` seconds."""
        done, _ = await asyncio.wait({self._first}, timeout=within)
        if done and (line := self._first.result()):
            return line
        reason = (
            f"wrote nothing within {within:.0f} s"
            if not done
            else f"ended with exit code {await self.wait()} before it was ready"
        )
        raise ProcessFailed(f"{self.name} {reason}{self.last_words()}")

    async def wait(self) -> int:
        """Wait for the end and for all output; returns the exit code, negative for a signal."""
        code = await self._process.wait()
        # A grandchild may hold the pipes open: what the process itself wrote is there at once.
        await asyncio.wait(self._pumps, timeout=1)
        return code

    async def stop(self) -> None:
        """End it and its process group: SIGTERM, and SIGKILL after a few seconds."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), GRACE_SECONDS)
                break
        await self.wait()
        for pump in self._pumps:
            pump.cancel()

    @property
    def ended(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.returncode

    def last_words(self) -> str:
        """Its last lines, indented for an error message; empty if it wrote none."""
        return "".join(f"\n    {line}" for line in self._tail)

    async def _pump(self, stream: asyncio.StreamReader, on_line: OnLine, head: bool = False) -> None:
        if head:
            self._first.set_result((await stream.readline()).decode(errors="replace").strip())
        async for raw in stream:
            line = raw.decode(errors="replace").rstrip("\n")
            self._tail = [*self._tail, line][-TAIL_LINES:]
            on_line(line)


def _past_proxies(env: Mapping[str, str]) -> dict[str, str]:
    """What keeps gRPC from asking a proxy for processes of this machine, and leaves to it what it asks it for."""
    without = env.get("no_grpc_proxy") or env.get("no_proxy")
    return {"no_grpc_proxy": ",".join(filter(None, [LOOPBACK, without]))}
