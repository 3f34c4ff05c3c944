"""Fork children that need not import what they share: ``python nursery.py ENGINE_PID REQUESTS ANSWERS``.

A request on the socket REQUESTS is a length, as four bytes, and JSON:

- `modules` are to be imported, as far as that works.
- A child is an `id`, `arguments` as `launch.py` takes them after the engine's pid, a `folder` and an `env`, with its
  standard output and error attached. The pipe ANSWERS gets lines of JSON: the id with the child's pid at once, and with
  its exit code (negative for a signal) when it ends.
- `twin` forks another nursery, with the REQUESTS and ANSWERS attached that it is to use.
"""

import gc
import json
import os
import selectors
import signal
import socket
import struct
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

from launch import die_with, run  # type: ignore[import-not-found]  # beside this script


def main() -> None:
    """Serve requests until the engine hangs up. A forked child returns from here into its own life."""
    engine, *ends = map(int, sys.argv[1:])
    die_with(engine)
    while received := serve(socket.socket(fileno=ends[0]), ends[1]):
        request, ends = received
        die_with(os.getppid())
        if "twin" not in request:
            become(request, ends)
            break


def serve(link: socket.socket, answers: int) -> tuple[dict[str, Any], list[int]] | None:
    """Serve requests; returns in each child with its request, and in the nursery with None when it is over."""
    ids: dict[int, int] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    selector = selectors.DefaultSelector()
    selector.register(link, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    while True:
        ready = {key.fileobj for key, _ in selector.select()}
        if woken in ready:
            os.read(woken, 4096)
            report_ended(answers, ids)
        if link not in ready:
            continue
        if (request := receive(link)) is None:
            return None
        if "modules" in request[0]:
            load(request[0]["modules"])
            continue
        if (pid := os.fork()) == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            selector.close()
            for each in (woken, wake, answers, link.detach()):
                os.close(each)
            return request
        for each in request[1]:
            os.close(each)
        if "id" in request[0]:
            ids[pid] = request[0]["id"]
            answer(answers, id=ids[pid], pid=pid)


def load(modules: list[str]) -> None:
    """Import them, for all children to come."""
    gc.disable()  # imports make much and free little
    for module in modules:
        with suppress(Exception):  # whoever needs it will say what is wrong with it
            import_module(module)
    gc.freeze()
    gc.enable()


def become(request: dict[str, Any], outputs: list[int]) -> None:
    """Turn this fresh fork into what was asked for."""
    os.setpgid(0, 0)
    with open(os.devnull) as nothing:  # noqa: PTH123  a descriptor is wanted, not a path
        os.dup2(nothing.fileno(), 0)
    for descriptor, output in zip((1, 2), outputs, strict=True):
        os.dup2(output, descriptor)
        os.close(output)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["folder"])
    run(*request["arguments"])


def report_ended(answers: int, ids: dict[int, int]) -> None:
    """Tell the engine of every child that has ended."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if (number := ids.pop(ended[0], None)) is not None:
                answer(answers, id=number, code=os.waitstatus_to_exitcode(ended[1]))


def receive(link: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next request and its descriptors; None at the end."""
    head, descriptors, _, _ = socket.recv_fds(link, 4, 2)
    if not head:
        return None
    body = b""
    length: int = struct.unpack("!I", head)[0]
    while len(body) < length:
        body += link.recv(length - len(body))
    return json.loads(body), descriptors


def answer(answers: int, **values: int) -> None:
    """Send one line; short enough that the kernel takes it whole."""
    os.write(answers, json.dumps(values).encode() + b"\n")


if __name__ == "__main__":
    main()
