"""Too much of HTTP/2."""

import hpack
import pytest
from support import http2
from support.echo import OK, talk, until, works
from support.http2 import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    RST_STREAM,
    WINDOW_UPDATE,
    call,
    frame,
    number,
    opening,
)

from modelport_server.transport.http2 import budget, connection
from modelport_server.transport.http2.errors import Code

FLOODS = {
    "pings": frame(PING, 0, 0, b"p" * 8),
    "answers to pings": frame(PING, ACK, 0, b"p" * 8),
    "settings": http2.settings(),
    "settings in one frame": http2.settings(*[(9, 9)] * 2000),
    "priorities": frame(PRIORITY, 0, 9, number(3) + b"\0"),
    "frames of an unknown kind": frame(99, 0, 0),
    "windows that open byte by byte": frame(WINDOW_UPDATE, 0, 0, number(1)),
    "data that is none": frame(DATA, 0, 1),
    "data byte by byte": frame(DATA, 0, 1, b"x"),
    "padding": frame(DATA, PADDED, 1, b"\7" + b"\0" * 7),
    "farewells": frame(GOAWAY, 0, 0, number(0) * 2),
}  # fmt: skip


@pytest.mark.parametrize("what", FLOODS)
def test_frames_that_bring_nothing_are_not_taken_without_end(what):
    async def conversation(app, host, connect):
        client = await connect()
        client.send(opening(1), *[FLOODS[what]] * 5000)
        assert await client.goodbye() == Code.ENHANCE_YOUR_CALM
        assert await works(await connect(), 1)

    talk(conversation)


def test_streams_that_are_opened_to_be_reset_are_not_taken_without_end():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(*(call(n, pseudo_path="/wait") + frame(RST_STREAM, 0, n, number(8)) for n in range(1, 9001, 2)))
        assert await client.goodbye() == Code.ENHANCE_YOUR_CALM
        await until(lambda: len(app.left) == len(app.asked))
        assert len(app.asked) <= budget.MOST + budget.PER_SECOND * 30
        assert await works(await connect(), 1)

    talk(conversation)


def test_streams_that_are_wrong_are_not_taken_without_end():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(*(opening(n, pseudo_path=None) for n in range(1, 9001, 2)))
        assert await client.goodbye() == Code.ENHANCE_YOUR_CALM
        assert app.asked == []

    talk(conversation)


def test_who_asks_a_lot_may_ping_and_reset_a_lot():
    async def conversation(app, host, connect):
        client = await connect()
        for n in range(1, 4 * budget.MOST, 2):
            client.send(frame(PING, 0, 0, b"p" * 8), frame(WINDOW_UPDATE, 0, 0, number(20)), call(n))
            assert (await client.answer(n)).status == OK

    talk(conversation)


def test_headers_far_too_large_end_the_connection():
    large = b"x" * 16_384
    bomb = hpack.Encoder().encode([("a", "x" * 3000)]) + b"\xbe" * 100
    floods = [
        frame(HEADERS, 0, 1, large) + frame(CONTINUATION, 0, 1, large) * 2,
        frame(HEADERS, 0, 1) + frame(CONTINUATION, 0, 1) * 5000,
        frame(HEADERS, END_HEADERS, 1, bomb),
        frame(HEADERS, END_HEADERS, 1, b"\0\1a\0" * 4000),
    ]  # fmt: skip

    async def conversation(app, host, connect):
        for flood in floods:
            client = await connect()
            client.send(flood)
            assert await client.goodbye() == Code.ENHANCE_YOUR_CALM
        assert app.asked == []

    talk(conversation)


def test_no_more_streams_are_open_than_we_said():
    async def conversation(app, host, connect):
        client = await connect()
        streams = range(1, 2 * connection.MOST_STREAMS, 2)
        last = streams[-1] + 2
        client.send(
            *(call(stream, pseudo_path="/wait") for stream in streams), call(last), frame(DATA, 0, last, b"late")
        )
        assert (await client.until(RST_STREAM)) == (RST_STREAM, 0, last, number(Code.REFUSED_STREAM))
        app.go.set()
        for stream in streams:
            assert (await client.answer(stream)).status == OK
        assert await works(client, last + 2)
        assert len(app.asked) == connection.MOST_STREAMS + 1

    talk(conversation)
