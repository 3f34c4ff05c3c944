"""What the open connections of a server share, whatever they speak."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol

from modelport_server.exchange import Request, Response


class Answering(Protocol):
    """What answers requests."""

    @property
    def max_body(self) -> int:
        """Bytes that a request may have."""

    def answer(self, request: Request) -> Awaitable[Response]:
        """The answer; never raises."""


@dataclass(frozen=True)
class Patience:
    """Seconds that a client gets.

    Attributes:
        idle: between requests.
        request: for a request to come whole, from its first byte.
        answer: to take what was written for it.
    """

    idle: float = 75
    request: float = 60
    answer: float = 60


class Client(Protocol):
    """One connection."""

    def look(self, now: float) -> None:
        """Give up what has taken longer than it may at the loop's time `now`."""

    def announce_end(self) -> None:
        """Ask the client to go, if the protocol has words for it."""

    def close_when_idle(self) -> None:
        """Close now, unless there is something to answer."""


@dataclass(eq=False)
class Connections(ABC):
    """The open connections of a server.

    Attributes:
        closing: whether each is to be closed when it has answered.
    """

    app: Answering
    patience: Patience = field(default_factory=Patience)
    open: set[Client] = field(default_factory=set)
    closing: bool = False

    @abstractmethod
    def connect(self) -> asyncio.Protocol:
        """What speaks with a client that comes."""

    def look(self, now: float) -> None:
        """Give up what has taken longer than it may at the loop's time `now`; called once a second or so."""
        for client in list(self.open):
            client.look(now)

    def close(self) -> None:
        """Have the clients go, each when it has its answers."""
        self.closing = True
        for client in list(self.open):
            client.announce_end()

    def close_idle(self) -> None:
        """Close those that wait for nothing."""
        for client in list(self.open):
            client.close_when_idle()
