"""Quick starts: the program, plugins and packs of one interpreter, forked from a process that has the SDK imported."""

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

CHILDREN = Path(__file__).parent / "children"
LINE_BYTES = 2**24  # a line that the engine must read whole: 16 MiB


class Child:
    """A forked process; as much of `asyncio.subprocess.Process` as the engine needs."""

    def __init__(self, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader):
        self.stdout, self.stderr = stdout, stderr
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[int] = loop.create_future()
        self.ended: asyncio.Future[int] = loop.create_future()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.started.result()

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self.ended.result() if self.ended.done() else None

    async def wait(self) -> int:
        """Wait for its end."""
        return await asyncio.shield(self.ended)


class Nursery:
    """Forks children of one Python interpreter. They die with it, and it dies with the engine.

    It begins to import at once: make it before importing what the engine itself needs. `preload` names modules that are
    imported once here, instead of by each child; those that the interpreter lacks are passed over.
    """

    def __init__(self, python: Path, preload: Sequence[str], env: Mapping[str, str]):
        self._home = _home(python)
        self._requests, theirs = socket.socketpair()
        answers, answer = os.pipe()
        argv = [python, CHILDREN / "nursery.py", os.getpid(), theirs.fileno(), answer, *preload]
        with theirs:
            self._process = subprocess.Popen(
                [str(word) for word in argv],
                env={**env, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), answer),
                process_group=0,
            )
        os.close(answer)
        self._answers = answers
        self._children: dict[int, Child] = {}
        self._sending = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None

    def serves(self, python: Path) -> bool:
        """Whether it can fork for this interpreter: it is alive, and of the same environment."""
        return self._process.poll() is None and _home(python) == self._home

    async def start(self, arguments: Sequence[str], folder: Path, env: Mapping[str, str]) -> Child:
        """Fork a child that runs `arguments`: a Python file or a folder with a ``__main__.py``, and its arguments."""
        self._listening = self._listening or asyncio.create_task(self._listen())
        (stdout, out), (stderr, err) = os.pipe(), os.pipe()
        child = Child(await _reader(stdout), await _reader(stderr))
        number = len(self._children)
        self._children[number] = child
        request = {"id": number, "arguments": [*arguments], "folder": str(folder), "env": dict(env)}
        body = json.dumps(request).encode()
        try:
            async with self._sending:
                socket.send_fds(self._requests, [struct.pack("!I", len(body))], [out, err])
                await asyncio.to_thread(self._requests.sendall, body)
        finally:
            os.close(out)
            os.close(err)
        await child.started
        return child

    async def close(self) -> None:
        """Hang up, and wait until it has ended."""
        self._requests.close()
        await (self._listening or self._listen())
        await asyncio.to_thread(self._process.wait)

    def kill(self) -> None:
        """End it at once, unless it has been closed: for a run that came to nothing."""
        self._requests.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
            if self._listening is None:
                os.close(self._answers)

    async def _listen(self) -> None:
        async for line in await _reader(self._answers):
            answer = json.loads(line)
            child = self._children[answer["id"]]
            if "pid" in answer:
                child.started.set_result(answer["pid"])
            else:
                child.ended.set_result(answer["code"])
        for child in self._children.values():
            for future in (child.started, child.ended):
                if not future.done():
                    future.set_result(-9)  # they died with the nursery


def nursery(python: Path, preload: Sequence[str], env: Mapping[str, str]) -> Nursery | None:
    """A nursery, where one works: other systems do not fork safely once libraries are loaded."""
    return Nursery(python, preload, env) if sys.platform == "linux" else None


def _home(python: Path) -> Path:
    return python.parent.parent.resolve()


async def _reader(descriptor: int) -> asyncio.StreamReader:
    """What comes out of a pipe."""
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb"))
    return reader
