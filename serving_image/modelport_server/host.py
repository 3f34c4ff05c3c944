"""HTTP for the application: uvicorn's protocol on sockets that we open, hand on and close ourselves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from modelport_server.app import Application, Request, Response
from modelport_server.errors import ServerError

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 75
POLL_SECONDS = 0.05

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class AddressUnavailable(ServerError):
    """The address to listen on cannot be had."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens on `host`:`port`; port 0 picks a free one.

    Raises:
        AddressUnavailable: with the port and what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        remedy = "Free it, or choose another with --http-port (0 picks a free one)."
        raise AddressUnavailable(f"cannot listen on {host} port {port}\n  {reason}.\n  {remedy}") from problem


class Host:
    """Accepts connections for an application and lets go of them without dropping a request."""

    def __init__(self, app: Application):
        self._app = app
        self._state = ServerState()
        self._config = uvicorn.Config(
            self._serve,
            interface="asgi3",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._config.load()
        self._server: asyncio.Server | None = None
        self._closing = False

    async def accept(self, listening: socket.socket) -> None:
        """Accept connections on `listening` from now on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, sock=listening, backlog=BACKLOG)

    def stop_accepting(self) -> None:
        """Close the listening socket here, not for those who share it, and ask kept-alive clients to leave."""
        self._closing = True
        if self._server:
            self._server.close()

    async def drain(self, grace: float, limit: float) -> bool:
        """Wait until every connection is closed, idle ones after `grace` seconds; whether that took at most `limit`."""
        self.stop_accepting()
        loop = asyncio.get_running_loop()
        started = loop.time()
        while self._state.connections and (elapsed := loop.time() - started) < limit:
            if elapsed >= grace:
                for connection in list(self._state.connections):
                    connection.shutdown()
            await asyncio.sleep(POLL_SECONDS)
        return not self._state.connections

    def _protocol(self) -> asyncio.Protocol:
        return self._config.http_protocol_class(config=self._config, server_state=self._state, app_state={})  # type: ignore[call-arg]

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive, self._app.max_body)
        if body is None:
            return
        response = await self._app.answer(Request(scope["method"], scope["path"], dict(scope["headers"]), body))
        await send({"type": "http.response.start", "status": response.status, "headers": self._headers(response)})
        await send({"type": "http.response.body", "body": response.body})

    def _headers(self, response: Response) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"content-type", response.content_type.encode()),
            (b"content-length", str(len(response.body)).encode()),
            *response.headers,
        ]
        if self._closing:
            headers.append((b"connection", b"close"))
        return headers


async def _body(receive: Receive, limit: int) -> bytes | None:
    """The request's body, or more of it than `limit` bytes; None when the client has gone."""
    body = bytearray()
    more = True
    while more and len(body) <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)
