"""How a running server passes its listening sockets to its successor, over a private Unix socket in the run folder.

The successor asks `sockets`, gets the descriptors, loads its model, and says `drain` only when it can serve. Until then
it may die without a trace. The sockets are never closed in between, so that their queues of connections survive.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from modelport_server.errors import ServerError

CONTROL, RECORD, LOCK = Path("control.sock"), Path("server.json"), Path("start.lock")  # in the run folder, our cwd
ANSWER_SECONDS = 10
MOST_SOCKETS = 2
SOCKETS, DRAIN, DRAINING = b"sockets\n", b"drain\n", b"draining\n"


class HandoverFailed(ServerError):
    """The running server does not hand over."""


class StartLock:
    """Held by the one server that is starting in the run folder; the others wait. It ends with its process."""

    def __enter__(self) -> StartLock:
        self._descriptor: int | None = os.open(LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let the next one start."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Predecessor:
    """The server that runs now.

    Attributes:
        listening: its listening sockets, shared with it: for HTTP and, if it has one, for gRPC.
    """

    def __init__(self, channel: socket.socket):
        self._channel = channel
        channel.sendall(SOCKETS)
        _, descriptors, _, _ = socket.recv_fds(channel, len(SOCKETS), MOST_SOCKETS)
        if not descriptors:
            raise ConnectionResetError("it is about to exit")
        self.listening = [socket.socket(fileno=descriptor) for descriptor in descriptors]

    @classmethod
    def find(cls) -> Predecessor | None:
        """The server that answers in the run folder, or None.

        Raises:
            HandoverFailed: a server is there and does not answer.
        """
        channel = socket.socket(socket.AF_UNIX)
        channel.settimeout(ANSWER_SECONDS)
        try:
            channel.connect(str(CONTROL))
            return cls(channel)
        except (FileNotFoundError, ConnectionError):
            return None  # none, killed, or about to exit
        except OSError as error:
            channel.close()
            problem = f"the running server does not answer: {error}."
            remedy = "Stop its process, then start again."
            raise HandoverFailed(f"{CONTROL.absolute()}\n  {problem}\n  {remedy}") from error

    def drain(self) -> None:
        """Have it stop accepting; returns when it has, or is gone."""
        try:
            self._channel.sendall(DRAIN)
            self._channel.recv(len(DRAINING))
        except OSError:
            return
        finally:
            self._channel.close()


class Control:
    """The run folder's private socket and record, owned by the server that serves."""

    def __init__(self, listening: Sequence[socket.socket], on_drain: Callable[[], None]):
        self._listening, self._on_drain = listening, on_drain
        self._inode = 0
        self._server: asyncio.Server | None = None

    async def take(self, record: dict[str, Any]) -> None:
        """Answer successors from now on, and write `record` for whoever looks after this process."""
        temporary = CONTROL.with_suffix(f".{os.getpid()}")
        umask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, temporary)
        finally:
            os.umask(umask)
        self._inode = temporary.stat().st_ino
        temporary.replace(CONTROL)
        draft = RECORD.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(record) + "\n", encoding="utf-8")
        draft.replace(RECORD)

    def leave(self) -> None:
        """Remove the socket and the record, unless a successor has taken them over."""
        if CONTROL.exists() and CONTROL.stat().st_ino == self._inode:
            RECORD.unlink(missing_ok=True)
            CONTROL.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        channel = writer.get_extra_info("socket")
        while request := await reader.readline():
            if request == SOCKETS:
                with socket.socket(fileno=os.dup(channel.fileno())) as own:
                    socket.send_fds(own, [SOCKETS], [each.fileno() for each in self._listening])
            elif request == DRAIN:
                self._on_drain()
                writer.write(DRAINING)
        writer.close()
