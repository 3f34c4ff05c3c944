"""Ports on the loopback interface."""

import random
import socket
from contextlib import closing

# Below those that the system gives to who asks for any, and to outgoing connections: a program that binds its port
# only seconds later finds it free. Above them is the range of node ports.
RANGE = range(10_000, 30_000)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    found: list[int] = []
    candidates = iter(random.sample(RANGE, len(RANGE)))
    while len(found) < count:
        if _free(port := next(candidates)):
            found.append(port)
    return found


def _free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
