"""Quick starts: the program, plugins and packs of one interpreter, forked from a process that has the SDK imported."""

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

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

    It begins to import at once: make it before importing what the engine itself needs. What `preload` names is imported
    once here, instead of by each child; modules that cannot be imported are passed over.
    """

    _process: subprocess.Popen[bytes] | None = None
    """None where another engine started it."""

    def __init__(self, python: Path, preload: Sequence[str], env: Mapping[str, str]):
        (requests, theirs), (answers, answer) = socket.socketpair(), os.pipe()
        self._hold(python, requests, answers)
        argv = [python, CHILDREN / "nursery.py", os.getpid(), theirs.fileno(), answer]
        with theirs:
            self._process = subprocess.Popen(
                [str(word) for word in argv],
                env={**env, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), answer),
                process_group=0,
            )
        os.close(answer)
        self.preload(preload)

    @classmethod
    def lent(cls, python: Path, requests: int, answers: int) -> "Nursery":
        """What another nursery, as a rule of another process, gave with `lend`."""
        nursery = cls.__new__(cls)
        nursery._hold(python, socket.socket(fileno=requests), answers)
        return nursery

    def _hold(self, python: Path, requests: socket.socket, answers: int) -> None:
        self._home = _home(python)
        self._requests, self._answers = requests, answers
        self._children: dict[int, Child] = {}
        self._sending = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None

    def preload(self, modules: Sequence[str]) -> None:
        """Have more modules imported, for the children to come. One that has ended serves nobody, and is not asked."""
        with suppress(OSError):
            self._send({"modules": [*modules]})

    def lend(self) -> tuple[int, int]:
        """Fork a nursery for another engine: two descriptors, of which `lent` makes one. It dies with this one."""
        (requests, theirs), (answers, answer) = socket.socketpair(), os.pipe()
        with theirs:
            self._send({"twin": True}, theirs.fileno(), answer)
        os.close(answer)
        return requests.detach(), answers

    def serves(self, python: Path) -> bool:
        """Whether it can fork for this interpreter: it is alive, as far as is known, and of the same environment."""
        return (self._process is None or self._process.poll() is None) and _home(python) == self._home

    async def start(self, arguments: Sequence[str], folder: Path, env: Mapping[str, str]) -> Child:
        """Fork a child that runs `arguments`: a Python file or a folder with a ``__main__.py``, and its arguments."""
        self._listening = self._listening or asyncio.create_task(self._listen())
        (stdout, out), (stderr, err) = os.pipe(), os.pipe()
        child = Child(await _reader(stdout), await _reader(stderr))
        number = len(self._children)
        self._children[number] = child
        request = {"id": number, "arguments": [*arguments], "folder": str(folder), "env": dict(env)}
        try:
            async with self._sending:
                await asyncio.to_thread(self._send, request, out, err)
        finally:
            os.close(out)
            os.close(err)
        await child.started
        return child

    async def close(self) -> None:
        """Hang up, and wait until it has ended."""
        self._requests.close()
        await (self._listening or self._listen())
        if self._process:
            await asyncio.to_thread(self._process.wait)

    def kill(self) -> None:
        """End it at once, unless it has been closed: for a run that came to nothing."""
        closed = self._requests.fileno() < 0
        self._requests.close()
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if not closed and self._listening is None:
            os.close(self._answers)

    def _send(self, request: Mapping[str, Any], *descriptors: int) -> None:
        body = json.dumps(request).encode()
        socket.send_fds(self._requests, [struct.pack("!I", len(body))], descriptors)
        self._requests.sendall(body)

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
