"""The life of a server: take the sockets, load the models, serve, drain."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import uvloop

from modelport_server.access.guard import Guard
from modelport_server.app import Application
from modelport_server.bundle.sources import fetch
from modelport_server.bundle.trust import Trust
from modelport_server.health import Health
from modelport_server.inference.model import Execution, Model
from modelport_server.observe.observation import Observation
from modelport_server.observe.options import Watching
from modelport_server.paths import Paths
from modelport_server.transport.handover import Control, Predecessor, StartLock
from modelport_server.transport.host import Host, bind

CLOSE_SECONDS = 2  # for what is still to be written or sent, after the last request

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """How to serve.

    Attributes:
        models: where they come from: see `bundle.sources`.
        cache: where those are kept that come from a store.
        trust: what they must be.
        execution: how they run.
        host: the address to listen on.
        port: 0 picks a free one, or keeps the predecessor's.
        grpc_port: where V2 gRPC listens; 0 picks a free one, None: nowhere.
        paths: the platform's own.
        max_body: bytes that a request may have.
        timeout: seconds after which nobody wants the answer to a request.
        guard: who lets requests in; None: everybody may ask.
        run_dir: where successive servers of one service meet, or None.
        grace: seconds that idle connections get while draining.
        drain: seconds that what is being answered gets then.
        instance: a word of the starter's choice, for the record.
        watching: what is captured, compared and sent.
    """

    models: tuple[str, ...]
    cache: Path
    trust: Trust
    execution: Execution
    host: str
    port: int
    grpc_port: int | None
    paths: Paths
    max_body: int
    timeout: float
    guard: Guard | None
    run_dir: Path | None
    grace: float
    drain: float
    instance: str | None
    watching: Watching


def serve(options: Options) -> None:
    """Serve until SIGTERM, SIGINT or a successor.

    Raises:
        ServerError: the server cannot start; a predecessor, if any, goes on.
    """
    server = _Server(options)
    if options.run_dir is None:
        uvloop.run(server.run())
        return
    os.chdir(options.run_dir)
    with StartLock() as starting:
        uvloop.run(server.run(Predecessor.find(), starting))


class _Server:
    def __init__(self, options: Options):
        self._options = options
        kept = options.execution.answers
        self._app = Application(options.max_body, options.paths, options.timeout, kept, options.guard)
        self._observation = Observation(options.watching, self._app)
        self._hosts = [Host(self._app)]
        if options.grpc_port is not None:
            from modelport_server.grpc_service import GrpcService  # heavy, and seldom asked for
            from modelport_server.transport.http2.connection import Http2Connections

            self._hosts.append(Host(GrpcService(self._app), kind=Http2Connections))
        self._stop = asyncio.Event()
        self._control: Control | None = None

    async def run(self, predecessor: Predecessor | None = None, starting: StartLock | None = None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._terminate)
        listening = self._listening(predecessor)
        if not predecessor:  # answer health checks while the models load
            await self._accept(listening)
        models = await asyncio.to_thread(_load, self._options)
        self._observation.start(model.bundle for model in models)
        self._app.start(models)
        if predecessor:
            await self._accept(listening)
            await asyncio.to_thread(predecessor.drain)
        await self._take_over(listening)
        if starting:
            starting.release()
        self._announce(listening)
        await self._stop.wait()
        drained = await self._drained()
        await asyncio.to_thread(self._observation.close, CLOSE_SECONDS)
        if not drained:
            log.warning("requests were still running after %g s", self._options.drain)
            os._exit(0)  # a thread inside onnxruntime cannot be interrupted

    async def _accept(self, listening: list[socket.socket]) -> None:
        for host, each in zip(self._hosts, listening, strict=True):
            await host.accept(each)

    async def _drained(self) -> bool:
        """Finish what there is; whether that took no longer than it may."""
        return all(
            await asyncio.gather(*(host.drain(self._options.grace, self._options.drain) for host in self._hosts))
        )

    def _listening(self, predecessor: Predecessor | None) -> list[socket.socket]:
        """For HTTP and, if it is asked for, for gRPC."""
        options = self._options
        wanted = [(options.port, "--http-port")]
        if options.grpc_port is not None:
            wanted.append((options.grpc_port, "--grpc-port"))
        given = predecessor.listening if predecessor else []
        for unwanted in given[len(wanted) :]:
            unwanted.close()
        return [_taken_or_bound(own, options.host, *each) for own, each in zip_longest(given[: len(wanted)], wanted)]

    async def _take_over(self, listening: list[socket.socket]) -> None:
        if self._options.run_dir:
            host, port = listening[0].getsockname()[:2]
            record = {"pid": os.getpid(), "instance": self._options.instance, "host": host, "http": port}
            self._control = Control(listening, on_drain=self._leave_to_successor)
            await self._control.take({**record, "models": self._models()})

    def _announce(self, listening: list[socket.socket]) -> None:
        ports = [each.getsockname()[1] for each in listening]
        log.info("ready on %s port %s", listening[0].getsockname()[0], " and ".join(map(str, ports)))
        ready = {"ready": True, "http": ports[0], "grpc": ports[1] if ports[1:] else None, "models": self._models()}
        with suppress(OSError):  # the starter may be gone
            print(json.dumps(ready), flush=True)

    def _models(self) -> list[dict[str, str]]:
        bundles = [model.bundle for model in self._app.models]
        return [{"name": bundle.name, "version": bundle.version, "digest": bundle.digest} for bundle in bundles]

    def _leave_to_successor(self) -> None:
        log.info("a successor takes over")
        for host in self._hosts:
            host.stop_accepting()
        self._stop.set()

    def _terminate(self) -> None:
        if self._app.health is Health.STARTING:
            os._exit(0)  # nothing to drain, and the thread that loads a model cannot be interrupted
        log.info("draining")
        self._app.health = Health.DRAINING
        if self._control:
            self._control.leave()
        self._stop.set()


def _taken_or_bound(given: socket.socket | None, host: str, port: int, flag: str) -> socket.socket:
    """The socket `given` by a predecessor, if it is what is wanted, or else another."""
    if given:
        bound = given.getsockname()[:2]
        if (host, port) in (bound, (bound[0], 0)):
            return given
        given.close()
    return bind(host, port, flag)


def _load(options: Options) -> list[Model]:
    paths = [path for source in options.models for path in fetch(source, options.cache)]
    return [Model.load(path, options.trust, options.execution) for path in paths]
