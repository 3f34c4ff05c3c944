"""A host of gRPC that answers every call with its message, and conversations with it."""

import asyncio
import re

import uvloop
from support.http2 import Client, call, message

from modelport_server.exchange import Response
from modelport_server.transport import grpc
from modelport_server.transport.connections import Patience
from modelport_server.transport.host import Host, bind
from modelport_server.transport.http2.connection import Http2Connections

MAX_BODY = 200_000
DIGITS = re.compile(rb"\d{0,7}")
OK, INVALID, DEADLINE, EXHAUSTED, UNIMPLEMENTED = 0, 3, 4, 8, 12


class Echo:
    """Answers a call with its message; `/wait` when it is let go; `/size` with as many bytes as its digits say."""

    def __init__(self, max_body):
        self.max_body = max_body
        self.asked, self.left, self.go = [], [], asyncio.Event()

    async def answer(self, request):
        self.asked.append(request.path)
        if request.problem:
            return grpc.refusal(request.problem)
        if request.path == "/wait":
            waiting = asyncio.get_running_loop().create_future()
            opening = asyncio.ensure_future(self.go.wait())
            opening.add_done_callback(lambda _: waiting.done() or waiting.set_result(None))
            try:
                await waiting
            except asyncio.CancelledError:
                self.left.append(request.path)
                raise
        if request.path == "/size":
            return Response(200, b"x" * int(DIGITS.match(request.body)[0] or 0))
        return Response(200, request.body)


def talk(conversation, *, max_body=MAX_BODY, **patience):
    """Run `conversation(app, host, connect)` with a host of its own; nothing may go wrong in it unseen."""

    async def run():
        failures = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
        app = Echo(max_body)
        host = Host(app, Patience(**patience), Http2Connections)
        listening = bind("127.0.0.1", 0)
        await host.accept(listening)
        clients = []

        async def connect(*pairs, greets=True):
            clients.append(Client(*await asyncio.open_connection(*listening.getsockname())))
            if greets:
                clients[-1].greet(*pairs)
            return clients[-1]

        try:
            await conversation(app, host, connect)
        finally:
            for client in clients:
                client.writer.close()
            host.stop_accepting()
        assert failures == []

    uvloop.run(run())


async def until(condition):
    async with asyncio.timeout(30):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


async def works(client, stream):
    """Whether the connection goes on."""
    client.send(call(stream))
    return (await client.answer(stream)).message == message(b"hello")
