"""An application on sockets that we open, hand on and close ourselves."""

from __future__ import annotations

import asyncio
import socket

from modelport_server.errors import ServerError
from modelport_server.transport.connection import HttpConnections
from modelport_server.transport.connections import Answering, Connections, Patience

BACKLOG = 2048
LOOK_SECONDS = 0.5
POLL_SECONDS = 0.05


class AddressUnavailable(ServerError):
    """The address to listen on cannot be had."""


def bind(host: str, port: int, flag: str = "--http-port") -> socket.socket:
    """A socket that listens on `host`:`port`; port 0 picks a free one.

    Raises:
        AddressUnavailable: with the port, and the `flag` with which to choose another.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        remedy = f"Free it, or choose another with {flag} (0 picks a free one)."
        raise AddressUnavailable(f"cannot listen on {host} port {port}\n  {reason}.\n  {remedy}") from problem


class Host:
    """Accepts connections for an application and lets go of them without dropping a request.

    `kind` says what they speak.
    """

    def __init__(
        self,
        app: Answering,
        patience: Patience = Patience(),  # noqa: B008  it is frozen
        kind: type[Connections] = HttpConnections,
    ) -> None:
        self._connections = kind(app, patience)
        self._server: asyncio.Server | None = None

    async def accept(self, listening: socket.socket) -> None:
        """Accept connections on `listening` from now on."""
        self._look()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connections.connect, sock=listening, backlog=BACKLOG)

    def stop_accepting(self) -> None:
        """Close the listening socket here, not for those who share it, and ask kept-alive clients to leave."""
        self._connections.close()
        if self._server:
            self._server.close()

    async def drain(self, grace: float, limit: float) -> bool:
        """Wait until every connection is closed, idle ones after `grace` seconds; whether that took at most `limit`."""
        self.stop_accepting()
        loop = asyncio.get_running_loop()
        started = loop.time()
        while self._connections.open and (elapsed := loop.time() - started) < limit:
            if elapsed >= grace:
                self._connections.close_idle()
            await asyncio.sleep(POLL_SECONDS)
        return not self._connections.open

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._connections.look(loop.time())
        loop.call_later(LOOK_SECONDS, self._look)
