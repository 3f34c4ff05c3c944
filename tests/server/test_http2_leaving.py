"""Clients of HTTP/2 that are slow, or go, and a server that goes."""

import asyncio

import pytest
from support.echo import DEADLINE, OK, talk, until, works
from support.http2 import (
    ACK,
    DATA,
    END_STREAM,
    GOAWAY,
    PING,
    PREFACE,
    RST_STREAM,
    WINDOW_UPDATE,
    call,
    frame,
    message,
    number,
    opening,
)

from modelport_server.transport.http2.errors import Code


def test_a_request_that_does_not_come_to_its_end_is_given_up():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(opening(1), frame(DATA, 0, 1, message(b"hello")[:7]), call(3, pseudo_path="/wait"))
        answer = await client.answer(1)
        assert (answer.status, answer.headers["modelport-code"]) == (DEADLINE, "timeout")
        assert (await client.until(RST_STREAM, 1)).payload == number(Code.NO_ERROR)
        app.go.set()
        assert (await client.answer(3)).status == OK  # it waited for us

    talk(conversation, request=0.2)


def test_who_says_nothing_is_let_go():
    async def conversation(app, host, connect):
        silent, half, greeted = await connect(greets=False), await connect(greets=False), await connect()
        half.send(PREFACE[:10])
        for client in (silent, half, greeted):
            assert await client.is_closed()
        asked = await connect()
        assert await works(asked, 1)
        assert await asked.is_closed()
        farewell = next(each for each in asked.seen if each.kind == GOAWAY)
        assert farewell.payload.startswith(number(2**31 - 1) + number(Code.NO_ERROR))

    talk(conversation, request=0.2, idle=0.2, answer=0.2)


def test_an_idle_client_that_says_that_it_has_heard_is_let_go_at_once():
    async def conversation(app, host, connect):
        client = await connect()
        assert await works(client, 1)
        ping = await client.until(PING)
        client.send(call(3), frame(PING, ACK, 0, ping.payload))  # on its way when it was asked to go
        assert (await client.answer(3)).status == OK
        assert (await client.until(GOAWAY)).payload[:8] == number(3) + number(Code.NO_ERROR)
        assert await client.is_closed()

    talk(conversation, request=0.2, idle=0.2)


def test_an_answer_that_is_not_taken_is_given_up_and_others_go_on():
    async def conversation(app, host, connect):
        client = await connect((4, 100))
        client.send(call(1, b"5000", pseudo_path="/size"))
        assert (await client.until(RST_STREAM, 1)).payload == number(Code.CANCEL)
        assert await works(client, 3)
        (connected,) = host._connections.open
        assert not connected._streams
        assert not connected._outbox._waiting

    talk(conversation, answer=0.2)


def test_who_reads_nothing_is_cut_off():
    async def conversation(app, host, connect):
        client = await connect((4, 2**31 - 1))
        client.writer.transport.pause_reading()
        client.send(frame(WINDOW_UPDATE, 0, 0, number(2**30)))
        client.send(*(call(stream, b"3000000", pseudo_path="/size") for stream in range(1, 201, 2)))
        other = await connect()
        assert await works(other, 1)
        await until(lambda: len(host._connections.open) == 1)
        assert await works(other, 3)

    talk(conversation, answer=0.2)


@pytest.mark.parametrize("goes", [True, False])
def test_what_nobody_waits_for_is_given_up(goes):
    async def conversation(app, host, connect):
        client = await connect()
        client.send(call(1, pseudo_path="/wait"), call(3, pseudo_path="/wait"))
        await until(lambda: len(app.asked) == 2)
        if goes:
            client.writer.close()
            await until(lambda: app.left == ["/wait"] * 2)
            assert not host._connections.open
        else:
            client.send(frame(RST_STREAM, 0, 1, number(8)))
            await until(lambda: app.left == ["/wait"])
            app.go.set()
            assert (await client.answer(3)).status == OK

    talk(conversation)


def test_a_call_whose_time_is_over_when_it_is_whole_is_not_made():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(opening(1, grpc_timeout="50m"))
        await asyncio.sleep(0.1)
        client.send(frame(DATA, END_STREAM, 1, message(b"hello")))
        answer = await client.answer(1)
        assert (answer.status, answer.headers["modelport-code"]) == (DEADLINE, "late")

    talk(conversation)


def test_a_drain_answers_what_was_asked_and_lets_idle_clients_go():
    async def conversation(app, host, connect):
        idle, busy, mute = await connect(), await connect(), await connect(greets=False)
        assert await works(idle, 1)
        busy.send(call(1, pseudo_path="/wait"))
        await until(lambda: "/wait" in app.asked)
        draining = asyncio.ensure_future(host.drain(grace=0.05, limit=20))
        for client in (idle, busy):
            assert (await client.until(GOAWAY)).payload[:8] == number(2**31 - 1) + number(Code.NO_ERROR)
        ping = await idle.until(PING)
        idle.send(frame(PING, ACK, 0, ping.payload))
        assert await idle.goodbye() == Code.NO_ERROR
        idle.writer.close()
        busy.send(call(3), frame(PING, ACK, 0, (await busy.until(PING)).payload))
        assert (await busy.answer(3)).status == OK
        assert not draining.done()
        app.go.set()
        assert (await busy.answer(1)).status == OK
        assert (await busy.until(GOAWAY)).payload[:8] == number(3) + number(Code.NO_ERROR)
        busy.writer.close()
        assert await mute.is_closed()
        mute.writer.close()
        assert await draining

    talk(conversation)


def test_who_comes_while_a_drain_begins_is_answered_and_asked_to_go():
    async def conversation(app, host, connect):
        client = await connect(greets=False)
        await until(lambda: host._connections.open)
        host.stop_accepting()
        client.greet()
        client.send(call(1))
        assert (await client.answer(1)).status == OK
        assert GOAWAY in [each.kind for each in client.seen]

    talk(conversation)


def test_a_drain_ends_at_its_limit():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(call(1, pseudo_path="/wait"))
        await until(lambda: app.asked)
        assert not await host.drain(grace=0, limit=0.1)

    talk(conversation)
