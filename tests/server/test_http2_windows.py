"""What the windows of HTTP/2 let through."""

import pytest
from support import http2
from support.echo import EXHAUSTED, MAX_BODY, talk, works
from support.http2 import DATA, END_STREAM, PING, RST_STREAM, WINDOW_UPDATE, call, frame, message, number, opening

from modelport_server.transport.http2 import receiving
from modelport_server.transport.http2.errors import Code


@pytest.mark.parametrize("size", [0, 1, 1000, 65_529, 65_530, 65_531, 600_000])
def test_an_answer_of_any_size_comes_as_far_as_the_windows_let_it(size):
    async def conversation(app, host, connect):
        client = await connect()
        client.send(call(1, b"%d" % size, pseudo_path="/size"))
        left = {0: 65_535, 1: 65_535}
        while "grpc-status" not in client._headers(1):
            got = await client.frame()
            if got.kind == DATA:
                assert len(got.payload) <= 16_384
                for stream in left:
                    left[stream] -= len(got.payload)
                    assert left[stream] >= 0
                if not left[0]:
                    client.send(frame(WINDOW_UPDATE, 0, 0, number(100_000)), frame(WINDOW_UPDATE, 0, 1, number(50_000)))
                    left = {0: 100_000, 1: left[1] + 50_000}
                elif not left[1]:
                    client.send(frame(WINDOW_UPDATE, 0, 1, number(50_000)))
                    left[1] += 50_000
        assert (await client.answer(1)).message == message(b"x" * size)

    talk(conversation)


def test_a_frame_is_as_large_as_the_client_takes_it():
    async def conversation(app, host, connect):
        client = await connect((4, 2**31 - 1), (5, 2**24 - 1))
        client.send(frame(WINDOW_UPDATE, 0, 0, number(2**30)), call(1, b"600000", pseudo_path="/size"))
        assert (await client.answer(1)).message == message(b"x" * 600_000)
        assert len([each for each in client.seen if each.kind == DATA]) == 1

    talk(conversation)


def test_streams_share_the_window_of_the_connection_in_turn():
    async def conversation(app, host, connect):
        client = await connect((4, 2**20))
        client.send(*(call(stream, b"100000", pseudo_path="/size") for stream in (1, 3, 5)))
        client.send(frame(WINDOW_UPDATE, 0, 0, number(16_384 * 6)))
        for stream in (1, 3, 5):
            while not any(each.kind == DATA and each.stream == stream for each in client.seen):
                await client.frame()
        client.send(frame(WINDOW_UPDATE, 0, 0, number(2**20)))
        for stream in (1, 3, 5):
            assert (await client.answer(stream)).message == message(b"x" * 100_000)

    talk(conversation)


def test_a_first_window_that_changes_changes_those_there_are():
    async def conversation(app, host, connect):
        client = await connect((4, 10))
        client.send(call(1, b"100", pseudo_path="/size"))
        assert (await client.until(DATA)).payload == message(b"x" * 100)[:10]
        client.send(http2.settings((4, 4)), frame(WINDOW_UPDATE, 0, 1, number(16)))  # 6 less than none, then 10
        assert len((await client.until(DATA)).payload) == 10
        client.send(http2.settings((4, 1000)))
        assert (await client.answer(1)).message == message(b"x" * 100)

    talk(conversation)


def test_requests_may_be_large_and_many(monkeypatch):
    monkeypatch.setattr(receiving, "MOST_GRANTED", 3 * MAX_BODY)
    content = message(b"x" * (MAX_BODY - 5))

    async def conversation(app, host, connect):
        client = await connect((4, 2**31 - 1))
        client.send(frame(WINDOW_UPDATE, 0, 0, number(2**30)))
        streams = range(1, 61, 2)
        client.send(*(opening(stream) for stream in streams))
        await client.upload(dict.fromkeys(streams, content))
        for stream in streams:
            assert (await client.answer(stream)).message == content

    talk(conversation)


def test_large_requests_are_not_all_held_at_once():
    async def conversation(app, host, connect):
        client = await connect()
        streams = range(1, 21, 2)
        client.send(*(opening(stream) + frame(DATA, 0, stream, b"x" * 16_384) * 2 for stream in streams))
        client.send(frame(PING, 0, 0, b"p" * 8))
        await client.until(PING)
        granted = [each.stream for each in client.seen if each.kind == WINDOW_UPDATE and each.stream]
        assert granted == [1, 3, 5]  # of 10 MB each
        for _ in range(3):
            client.send(frame(DATA, 0, 7, b"x" * 16_384))
        assert (await client.until(RST_STREAM)) == (RST_STREAM, 0, 7, number(Code.FLOW_CONTROL_ERROR))

    talk(conversation, max_body=10_000_000)


def test_one_that_is_reset_makes_room_for_the_next(monkeypatch):
    monkeypatch.setattr(receiving, "MOST_GRANTED", MAX_BODY)

    async def conversation(app, host, connect):
        client = await connect()
        client.send(opening(1), opening(3), *(frame(DATA, 0, stream, b"x" * 16_384) for stream in (1, 1, 3, 3)))
        assert (await client.until(WINDOW_UPDATE, 1)).payload == number(MAX_BODY)
        client.send(frame(RST_STREAM, 0, 1, number(8)))
        assert (await client.until(WINDOW_UPDATE, 3)).payload == number(MAX_BODY)

    talk(conversation)


def test_a_message_too_large_is_refused_before_its_end_and_the_rest_of_it_ignored():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(opening(1))
        await client.upload({1: message(b"x" * 5_000_000)})
        assert client.seen[-1] == (RST_STREAM, 0, 1, number(Code.NO_ERROR))
        assert (await client.answer(1)).status == EXHAUSTED
        client.send(frame(DATA, 0, 1, b"x" * 1000), frame(DATA, END_STREAM, 1, b"x" * 1000))
        assert await works(client, 3)
        assert [each.kind for each in client.seen].count(RST_STREAM) == 1

    talk(conversation)
