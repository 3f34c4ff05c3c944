"""A load generator that is cheap beside any server: ready bytes over kept connections, one thread, no parsing twice.

Closed loop: each connection asks again as soon as it is answered, which shows the most a server gives. Open loop:
requests are due at random times (Poisson), whatever the server does, and latency counts from when each was due.
"""

import random
import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

Address = tuple[str, int]
HEAD_END = b"\r\n\r\n"
PATIENCE = 60  # seconds until a server that says nothing has failed
SPIN = 0.002  # seconds before a request is due in which to watch the clock: the kernel's timer is not that exact


class WrongAnswer(Exception):
    """A server did not answer as it should."""


class Connection(Protocol):
    """One request at a time to one server."""

    socket: socket.socket

    def ask(self) -> bool:
        """Send the request, as much of it as the socket takes; whether that was all."""

    def push(self) -> bool:
        """Send more of it; whether that was the rest."""

    def hear(self) -> bool:
        """Take what has come; whether the answer is whole. Raises WrongAnswer."""

    def renewed(self) -> bool:
        """Open it again if the server closes after each answer; whether that was so."""


class HttpConnection:
    """HTTP/1.1. `answer` is the last one: head and body."""

    def __init__(self, address: Address, request: bytes):
        self._address, self._request = address, request
        self._unsent: memoryview | None = None
        self._parts: list[bytes] = []
        self._missing = 0
        self._closes = False
        self.answer = (b"", b"")
        self.socket = connected(address)

    def ask(self) -> bool:
        sent = self.socket.send(self._request)
        if sent == len(self._request):
            return True
        self._unsent = memoryview(self._request)[sent:]
        return False

    def push(self) -> bool:
        self._unsent = self._unsent[self.socket.send(self._unsent) :]
        return not self._unsent

    def hear(self) -> bool:
        data = self.socket.recv(1 << 16)
        if not data:
            raise WrongAnswer("the server closed the connection in the middle of an exchange")
        if self._parts:  # of an answer that did not come at once
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return False
            data = b"".join(self._parts)
        end = data.find(HEAD_END)
        if end < 0:
            self._parts, self._missing = [data], 1
            return False
        length, self._closes = _length_and_end(data[:end])
        if (missing := end + 4 + length - len(data)) > 0:
            self._parts, self._missing = [data], missing
            return False
        self._parts = []
        self.answer = data[:end], data[end + 4 :]
        return True

    def renewed(self) -> bool:
        if self._closes:
            self.socket.close()
            self.socket = connected(self._address)
        return self._closes


@lru_cache(4096)
def _length_and_end(head: bytes) -> tuple[int, bool]:
    """The length of an answer's body, and whether the connection ends with it, from its head."""
    status, *lines = head.split(b"\r\n")
    if status.split(b" ")[1] != b"200":
        raise WrongAnswer(f"answered {status.decode('latin-1')}")
    headers = dict(line.lower().split(b": ", 1) for line in lines)
    if not int(headers.get(b"content-length", 0)):
        raise WrongAnswer(f"answered without a body of known length: {head.decode('latin-1')}")
    return int(headers[b"content-length"]), headers.get(b"connection") == b"close"


def connected(address: Address) -> socket.socket:
    one = socket.create_connection(address, PATIENCE)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.setblocking(False)
    return one


class Exchange:
    """Connections that ask and are answered, in one poll."""

    def __init__(self, connections: list[Connection]):
        self._poll = select.epoll()
        self._of = {each.socket.fileno(): each for each in connections}
        for number in self._of:
            self._poll.register(number, select.EPOLLIN)

    def __enter__(self) -> "Exchange":
        return self

    def __exit__(self, *_: object) -> None:
        self._poll.close()
        for each in self._of.values():
            each.socket.close()

    def ask(self, one: Connection) -> None:
        if not one.ask():
            self._poll.modify(one.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def answered(self, seconds: float) -> Iterator[Connection]:
        """Those that are answered by now, or else within `seconds`."""
        for number, event in self._poll.poll(seconds):
            one = self._of[number]
            if event & select.EPOLLOUT and one.push():
                self._poll.modify(number, select.EPOLLIN)
            if event & ~select.EPOLLOUT and one.hear():
                if one.renewed():
                    self._of[one.socket.fileno()] = self._of.pop(number)
                    self._poll.register(one.socket.fileno(), select.EPOLLIN)
                yield one


def answers(connections: list[Connection]) -> None:
    """Have all ask at once, and wait until each is answered."""
    with Exchange(connections) as exchange:
        for one in connections:
            exchange.ask(one)
        waiting, end = len(connections), time.monotonic() + PATIENCE
        while waiting:
            waiting -= sum(1 for _ in exchange.answered(1))
            if time.monotonic() > end:
                raise WrongAnswer(f"{waiting} of {len(connections)} requests were not answered within {PATIENCE} s")


def closed_loop(connections: list[Connection], seconds: float) -> float:
    """Answers per second, after a quarter of `seconds` to warm up."""
    with Exchange(connections) as exchange:
        for one in connections:
            exchange.ask(one)
        _keep_asking(exchange, seconds / 4)
        count, took = _keep_asking(exchange, seconds)
    return count / took


def _keep_asking(exchange: Exchange, seconds: float) -> tuple[int, float]:
    count, began = 0, time.perf_counter()
    heard = began
    while (now := time.perf_counter()) - began < seconds:
        before = count
        for one in exchange.answered(1):
            count += 1
            exchange.ask(one)
        if count > before:
            heard = now
        elif now - heard > PATIENCE:
            raise WrongAnswer(f"no answer within {PATIENCE} s")
    return count, now - began


def open_loop(connections: list[Connection], rate: float, seconds: float, seed: int = 0) -> list[float]:
    """The latencies in seconds, sorted, of requests at `rate` a second; they wait while all connections are busy."""
    pauses = random.Random(seed)
    latencies: list[float] = []
    due_of: dict[Connection, float] = {}
    waiting: deque[float] = deque()
    idle = list(connections)
    with Exchange(connections) as exchange:
        began = time.perf_counter()
        end, due = began + seconds, began  # however low the rate, there is one
        while due < end or due_of or waiting:
            now = time.perf_counter()
            if now > end + PATIENCE:
                raise WrongAnswer(f"{len(due_of) + len(waiting)} requests were not answered within {PATIENCE} s")
            while due <= now and due < end:
                waiting.append(due)
                due += pauses.expovariate(rate)
            while waiting and idle:
                one = idle.pop()
                due_of[one] = waiting.popleft()
                exchange.ask(one)
            for one in exchange.answered(max(0.0, due - time.perf_counter() - SPIN)):
                latencies.append(time.perf_counter() - due_of.pop(one))
                idle.append(one)
    return sorted(latencies)
