"""Steady traffic of clients that never retry: half of them open a connection per request, half keep theirs."""

from __future__ import annotations

import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from modelport_server.bundle import load


class Load:
    """Requests at `rate` per second against a server on loopback, from entering the context to leaving it.

    Attributes:
        answered: how many requests got a 200.
        failures: what happened to the others.
    """

    def __init__(self, port: int, bundle: Path, *, rate: float = 300, clients: int = 8):
        described = load(bundle)
        self._port = port
        self._path = f"/v2/models/{described.name}/infer"
        self._body = (bundle / "sample.json").read_bytes()
        self._pause = clients / rate
        self._stop = threading.Event()
        self._clients = [threading.Thread(target=self._run, args=(number % 2 == 0,)) for number in range(clients)]
        self.answered = 0
        self.failures: list[str] = []

    def __enter__(self) -> Load:
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for client in self._clients:
            client.join()

    def wait_for(self, count: int) -> None:
        """Wait until `count` more requests have ended, well or badly."""
        wanted = self.answered + len(self.failures) + count
        while self.answered + len(self.failures) < wanted:
            time.sleep(0.005)

    def _run(self, keep_alive: bool) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        due = time.monotonic()
        while not self._stop.is_set():
            try:
                connection.request("POST", self._path, self._body)
                response = connection.getresponse()
                response.read()
                if response.status == 200:
                    self.answered += 1
                else:
                    self.failures.append(f"status {response.status}")
            except (OSError, HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
            if not keep_alive:
                connection.close()
            due = max(due + self._pause, time.monotonic() - self._pause)
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()
