"""gRPC on HTTP/2, frame by frame: what clients send in order, cut anywhere, too much, too slowly, or wrong."""

import asyncio
import contextlib
import logging
import struct

import hpack
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st
from support import http2
from support.http2 import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    WITH_PRIORITY,
    Client,
    block,
    call,
    frame,
    message,
    number,
    opening,
)  # fmt: skip

from modelport_server.errors import Fault, Rejected
from modelport_server.exchange import Response
from modelport_server.transport import grpc
from modelport_server.transport.connections import Patience
from modelport_server.transport.host import Host, bind
from modelport_server.transport.http2 import budget, connection, fields, receiving
from modelport_server.transport.http2.connection import Http2Connections
from modelport_server.transport.http2.errors import Code

MAX_BODY = 200_000
OK, CANCELLED, INVALID, DEADLINE, EXHAUSTED, UNIMPLEMENTED = 0, 1, 3, 4, 8, 12


class Echo:
    """Answers a call with its message; `/wait` when it is let go; `/size` with as many bytes as it says."""

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
        return Response(200, b"x" * int(request.body) if request.path == "/size" else request.body)


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


def test_a_call_is_answered_with_a_message_between_headers():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(call(1))
        assert await client.answer(1) == ({":status": "200", "content-type": "application/grpc", "grpc-status": "0"},
                                          message(b"hello"))  # fmt: skip
        assert [each.kind for each in client.seen] == [SETTINGS, WINDOW_UPDATE, SETTINGS, HEADERS, DATA, HEADERS]

    talk(conversation)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 500), max_size=8), st.booleans())
def test_where_the_bytes_are_cut_does_not_matter(cuts, pads):
    content = message(b"b" * 300)
    first = frame(HEADERS, 0, 1, block({":method": "POST", ":scheme": "http"}))
    first += frame(CONTINUATION, 0, 1, block({":path": "/echo"}))
    first += frame(CONTINUATION, END_HEADERS, 1, block({"content-type": "application/grpc"}))
    body = frame(DATA, PADDED, 1, b"\3" + content[:100] + b"\0" * 3) if pads else frame(DATA, 0, 1, content[:100])
    raw = PREFACE + http2.settings() + first + body + call(3) + frame(DATA, END_STREAM, 1, content[100:])

    async def conversation(app, host, connect):
        client = await connect(greets=False)
        for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(raw)], strict=True):
            client.send(raw[start:end])
            await client.writer.drain()
            await asyncio.sleep(0)
        assert (await client.answer(1)).message == content
        assert (await client.answer(3)).message == message(b"hello")
        assert app.asked == ["/echo", "/echo"]

    talk(conversation)


def test_calls_are_answered_as_they_are_ready_not_as_they_came():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(call(1, pseudo_path="/wait"), *(call(stream) for stream in range(3, 403, 2)))
        for stream in range(3, 403, 2):
            assert (await client.answer(stream)).status == OK
        app.go.set()
        assert (await client.answer(1)).message == message(b"hello")

    talk(conversation)


# what a client may not do

A_CALL = call(1)
WAITING = call(1, pseudo_path="/wait")
ENDS_THE_CONNECTION = {
    "no settings first": (frame(PING, 0, 0, b"p" * 8), "PROTOCOL_ERROR"),
    "settings of a stream": (frame(SETTINGS, 0, 1), "PROTOCOL_ERROR"),
    "settings of another size": (frame(SETTINGS, 0, 0, b"12345"), "FRAME_SIZE_ERROR"),
    "settings that say yes and more": (http2.settings((4, 1), flags=ACK), "FRAME_SIZE_ERROR"),
    "a push setting of 2": (http2.settings((2, 2)), "PROTOCOL_ERROR"),
    "a first window beyond 2^31-1": (http2.settings((4, 2**31)), "FLOW_CONTROL_ERROR"),
    "a frame size too small": (http2.settings((5, 16_383)), "PROTOCOL_ERROR"),
    "a frame size too large": (http2.settings((5, 2**24)), "PROTOCOL_ERROR"),
    "a frame too large": (frame(DATA, 0, 1, b"x" * 16_385), "FRAME_SIZE_ERROR"),
    "data of no stream": (frame(DATA, 0, 0, b"x"), "PROTOCOL_ERROR"),
    "data of a stream that is not open": (frame(DATA, 0, 1, b"x"), "PROTOCOL_ERROR"),
    "data of a stream of ours": (frame(DATA, 0, 2, b"x"), "PROTOCOL_ERROR"),
    "more padding than data": (opening(1) + frame(DATA, PADDED, 1, b"\5abcd"), "PROTOCOL_ERROR"),
    "padding without its length": (opening(1) + frame(DATA, PADDED, 1), "PROTOCOL_ERROR"),
    "headers of no stream": (opening(0), "PROTOCOL_ERROR"),
    "headers of a stream of ours": (opening(2), "PROTOCOL_ERROR"),
    "headers of an older stream": (opening(5) + opening(3), "PROTOCOL_ERROR"),
    "headers of a stream that has ended": (A_CALL + frame(RST_STREAM, 0, 1, number(8)) + A_CALL, "STREAM_CLOSED"),
    "headers cut by data": (opening(1, 0) + frame(DATA, 0, 1, b"x"), "PROTOCOL_ERROR"),
    "headers cut by those of another": (opening(1, 0) + frame(CONTINUATION, END_HEADERS, 3), "PROTOCOL_ERROR"),
    "a continuation of nothing": (frame(CONTINUATION, END_HEADERS, 1), "PROTOCOL_ERROR"),
    "headers that are none": (frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff"), "COMPRESSION_ERROR"),
    "an index of nothing": (frame(HEADERS, END_HEADERS, 1, b"\xbe"), "COMPRESSION_ERROR"),
    "a cut literal": (frame(HEADERS, END_HEADERS, 1, b"\0\5ab"), "COMPRESSION_ERROR"),
    "a wrong Huffman code": (frame(HEADERS, END_HEADERS, 1, b"\0\x81\0\x84\xff\xff\xff\xff"), "COMPRESSION_ERROR"),
    "a table larger than ours": (frame(HEADERS, END_HEADERS, 1, b"\x3f\xff\x7f"), "COMPRESSION_ERROR"),
    "a stream that depends on itself": (frame(PRIORITY, 0, 1, number(1) + b"\0"), "PROTOCOL_ERROR"),
    "headers that depend on themselves": (
        frame(HEADERS, END_HEADERS | WITH_PRIORITY, 1, number(1) + b"\0" + block(http2.CALL)),
        "PROTOCOL_ERROR",
    ),
    "a priority of no stream": (frame(PRIORITY, 0, 0, number(1) + b"\0"), "PROTOCOL_ERROR"),
    "a priority of another size": (frame(PRIORITY, 0, 1, b"1234"), "FRAME_SIZE_ERROR"),
    "a reset of no stream": (frame(RST_STREAM, 0, 0, number(8)), "PROTOCOL_ERROR"),
    "a reset of a stream that is not open": (frame(RST_STREAM, 0, 1, number(8)), "PROTOCOL_ERROR"),
    "a reset of another size": (opening(1) + frame(RST_STREAM, 0, 1, b"123"), "FRAME_SIZE_ERROR"),
    "a promise": (frame(PUSH_PROMISE, END_HEADERS, 1, number(2)), "PROTOCOL_ERROR"),
    "a ping of a stream": (frame(PING, 0, 1, b"p" * 8), "PROTOCOL_ERROR"),
    "a ping of another size": (frame(PING, 0, 0, b"p"), "FRAME_SIZE_ERROR"),
    "a farewell of a stream": (frame(GOAWAY, 0, 1, number(0) * 2), "PROTOCOL_ERROR"),
    "a window of another size": (frame(WINDOW_UPDATE, 0, 0, b"123"), "FRAME_SIZE_ERROR"),
    "a window that grows by nothing": (frame(WINDOW_UPDATE, 0, 0, number(0)), "PROTOCOL_ERROR"),
    "a window of a stream that is not open": (frame(WINDOW_UPDATE, 0, 1, number(1)), "PROTOCOL_ERROR"),
    "a window beyond 2^31-1": (frame(WINDOW_UPDATE, 0, 0, number(2**31 - 1)), "FLOW_CONTROL_ERROR"),
    "first windows beyond 2^31-1": (
        opening(1) + frame(WINDOW_UPDATE, 0, 1, number(2**31 - 1 - 65_535)) + http2.settings((4, 65_536)),
        "FLOW_CONTROL_ERROR",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDS_THE_CONNECTION)
def test_who_does_not_keep_to_the_protocol_is_told_so_and_let_go(what):
    raw, code = ENDS_THE_CONNECTION[what]

    async def conversation(app, host, connect):
        client = await connect(greets=False)
        client.send(PREFACE, b"" if what == "no settings first" else http2.settings(), raw, call(9))
        assert await client.goodbye() == Code[code]
        assert await works(await connect(), 1)

    talk(conversation)


ENDS_THE_STREAM = {
    "no method": (opening(1, pseudo_method=None), "PROTOCOL_ERROR"),
    "no path": (opening(1, pseudo_path=None), "PROTOCOL_ERROR"),
    "an empty path": (opening(1, pseudo_path=""), "PROTOCOL_ERROR"),
    "no scheme": (opening(1, pseudo_scheme=None), "PROTOCOL_ERROR"),
    "a status": (opening(1, pseudo_status="200"), "PROTOCOL_ERROR"),
    "an unknown pseudo-header": (opening(1, pseudo_what="x"), "PROTOCOL_ERROR"),
    "a path twice": (frame(HEADERS, END_HEADERS, 1, block(http2.CALL) + block({":path": "/"})), "PROTOCOL_ERROR"),
    "a path after a header": (
        frame(HEADERS, END_HEADERS, 1, block({"te": "trailers"}) + block(http2.CALL)), "PROTOCOL_ERROR",
    ),
    "a capital letter": (opening(1, Accept="x"), "PROTOCOL_ERROR"),
    "a space in a name": (opening(1, **{"a b": "x"}), "PROTOCOL_ERROR"),
    "no name": (frame(HEADERS, END_HEADERS, 1, block(http2.CALL) + block({"": "x"})), "PROTOCOL_ERROR"),
    "a line break in a value": (opening(1, a="x\r\ny: z"), "PROTOCOL_ERROR"),
    "a zero in a value": (opening(1, a="\0"), "PROTOCOL_ERROR"),
    "a space before a value": (opening(1, a=" x"), "PROTOCOL_ERROR"),
    "a header of HTTP/1.1": (opening(1, connection="close"), "PROTOCOL_ERROR"),
    "another te": (opening(1, te="gzip"), "PROTOCOL_ERROR"),
    "a length that is none": (opening(1, content_length="5x"), "PROTOCOL_ERROR"),
    "a length that is not so": (call(1, content_length="11"), "PROTOCOL_ERROR"),
    "no body where a length is": (opening(1, END_HEADERS | END_STREAM, content_length="10"), "PROTOCOL_ERROR"),
    "headers within the body": (opening(1) + opening(1), "PROTOCOL_ERROR"),
    "pseudo-headers at the end": (opening(1) + opening(1, END_HEADERS | END_STREAM), "PROTOCOL_ERROR"),
    "data after the end": (WAITING + frame(DATA, 0, 1, b"x"), "STREAM_CLOSED"),
    "headers after the end": (WAITING + opening(1, END_HEADERS | END_STREAM), "STREAM_CLOSED"),
    "data after a reset": (opening(1) + frame(RST_STREAM, 0, 1, number(8)) + frame(DATA, 0, 1, b"x"), "STREAM_CLOSED"),
    "a window that grows by nothing": (WAITING + frame(WINDOW_UPDATE, 0, 1, number(0)), "PROTOCOL_ERROR"),
    "a window beyond 2^31-1": (WAITING + frame(WINDOW_UPDATE, 0, 1, number(2**31 - 1)), "FLOW_CONTROL_ERROR"),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDS_THE_STREAM)
def test_a_fault_of_one_stream_does_not_touch_the_others(what):
    raw, code = ENDS_THE_STREAM[what]

    async def conversation(app, host, connect):
        client = await connect()
        client.send(raw)
        assert (await client.until(RST_STREAM, 1)).payload == number(Code[code])
        assert await works(client, 3)
        assert "/echo" not in app.asked[:-1]

    talk(conversation, max_body=1_000_000)


IS_LEFT_ALONE = {
    "a frame of an unknown kind": frame(99, 255, 0, b"x"),
    "an unknown setting": http2.settings((99, 99), (1, 0)),
    "an answer to a ping of nobody": frame(PING, ACK, 0, b"p" * 8),
    "a priority": frame(PRIORITY, 0, 1, number(3) + b"\0"),
    "a farewell": frame(GOAWAY, 0, 0, number(0) * 2 + b"bye"),
    "an end that has come before its reset": call(1) + frame(RST_STREAM, 0, 1, number(8)),
    "a window of a stream that has ended": (
        opening(1) + frame(RST_STREAM, 0, 1, number(8)) + frame(WINDOW_UPDATE, 0, 1, number(1))
    ),
    "trailers of a call": opening(1) + frame(DATA, 0, 1, message(b"")) + frame(HEADERS, 5, 1, block({"a": "b"})),
    "a stream with its reserved bit": frame(WINDOW_UPDATE, 0, 2**31, number(1)),
}  # fmt: skip


@pytest.mark.parametrize("what", IS_LEFT_ALONE)
def test_what_a_client_may_do_harms_nothing(what):
    async def conversation(app, host, connect):
        client = await connect()
        client.send(IS_LEFT_ALONE[what])
        assert await works(client, 7)
        assert not [each for each in client.seen if each.kind in (GOAWAY, RST_STREAM)]

    talk(conversation)


def test_settings_and_pings_are_answered():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(http2.settings((3, 9)), frame(PING, 0, 0, b"12345678"))
        assert (await client.until(PING)) == (PING, ACK, 0, b"12345678")
        ours, *replies = [each for each in client.seen if each.kind == SETTINGS]
        assert dict(struct.iter_unpack(">HI", ours.payload)) == {3: connection.MOST_STREAMS, 6: fields.MOST_HEAD}
        assert [each.flags for each in replies] == [ACK, ACK]

    talk(conversation)


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"PRI * HTTP/2.0\r\n\r\nXX", b""),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b""),
    ],
)
def test_who_speaks_something_else_learns_what_is_spoken_here(raw, answer):
    async def conversation(app, host, connect):
        client = await connect(greets=False)
        client.send(raw)
        assert (await asyncio.wait_for(client.reader.read(), 30)).startswith(answer)
        client.writer.write_eof()
        await until(lambda: not host._connections.open)

    talk(conversation)


# gRPC's own rules

CALLS = {
    "no message": (opening(1, END_HEADERS | END_STREAM), INVALID, "a call carries one message"),
    "half a message": (
        opening(1) + frame(DATA, END_STREAM, 1, message(b"abc")[:-1]), INVALID, "of 3 bytes, and 2 came",
    ),
    "half a prefix": (opening(1) + frame(DATA, END_STREAM, 1, b"\0\0"), INVALID, "a call carries one message"),
    "two messages": (opening(1) + frame(DATA, END_STREAM, 1, message(b"a") * 2), INVALID, "a call carries exactly one"),
    "a compressed message": (
        opening(1) + frame(DATA, END_STREAM, 1, message(b"a", flag=1)), INVALID, "no grpc-encoding says how",
    ),
    "an encoding": (call(1, grpc_encoding="gzip"), UNIMPLEMENTED, "grpc-encoding gzip: send messages as they are"),
    "no time": (call(1, grpc_timeout="0n"), DEADLINE, "nobody waited for its answer"),
    "a time that is none": (call(1, grpc_timeout="1 hour"), INVALID, "grpc-timeout is no number with a unit"),
    "a time too long": (call(1, grpc_timeout="123456789S"), INVALID, "grpc-timeout is no number with a unit"),
    "an hour": (call(1, grpc_timeout="1H"), OK, ""),
    "identity": (call(1, grpc_encoding="identity"), OK, ""),
    "another name of the type": (call(1, content_type="application/grpc+proto"), OK, ""),
    "a type with a parameter": (call(1, content_type="application/grpc;charset=utf-8"), OK, ""),
    "binary metadata": (call(1, **{"some-bin": "AAEC/w"}), OK, ""),
    "a message too large": (
        opening(1) + frame(DATA, 0, 1, b"x" * 16_000) * 4 + frame(DATA, END_STREAM, 1), EXHAUSTED,
        "more than 50000 bytes",
    ),
    "a message as large as may be": (
        opening(1) + frame(DATA, 0, 1, message(b"x" * 50_000)[:2_005]) + frame(DATA, 0, 1, b"x" * 16_000) * 2
        + frame(DATA, END_STREAM, 1, b"x" * 16_000), OK, "",
    ),
    "headers too large": (call(1, a="x" * 15_000, b="y" * 1_100), EXHAUSTED, "headers have more than 16384 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("what", CALLS)
def test_a_call_keeps_to_the_rules_or_hears_which(what):
    raw, status, text = CALLS[what]

    async def conversation(app, host, connect):
        client = await connect()
        client.send(raw)
        answer = await client.answer(1)
        assert (answer.headers[":status"], answer.status, answer.message is None) == ("200", status, status != OK)
        assert text in answer.headers.get("grpc-message", "")
        assert (answer.headers.get("grpc-accept-encoding") == "identity") == (status == UNIMPLEMENTED)
        assert ("modelport-code" in answer.headers) == (status != OK)
        assert await works(client, 3)

    talk(conversation, max_body=50_000)


@pytest.mark.parametrize(
    "changes",
    [{"pseudo_method": "GET"}, {"content_type": None}, {"content_type": "application/grpc-web"}, {"content_type": "x"}],
)
def test_what_is_no_call_is_refused_so_that_any_client_sees_it(changes):
    async def conversation(app, host, connect):
        client = await connect()
        client.send(call(1, **changes))
        answer = await client.answer(1)
        assert (answer.headers[":status"], answer.status) == ("415", UNIMPLEMENTED)
        assert answer.message == b"this port speaks gRPC: POST with the content type application/grpc"

    talk(conversation)


def test_a_text_of_an_error_may_be_any_and_is_not_long():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(call(1, grpc_encoding="é%\x7f" + "z" * 100))
        answer = await client.answer(1)
        assert answer.headers["grpc-message"].startswith("grpc-encoding %C3%83%C2%A9%25%7Fzz")

    talk(conversation)
    long = grpc.refusal(Rejected(Fault.MALFORMED, "é" * 10_000)).headers
    assert dict(long)[b"grpc-message"] == b"%C3%A9" * 512


# bounds

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


# windows


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


# clients that are slow, or go


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


# leaving


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


# headers in the table of a connection

NAMES = st.sampled_from(["a", "traceparent", "x-request-id", "user-agent", "some-bin"])
VALUES = st.text("abcXYZ 019%", max_size=60).map(str.strip)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.tuples(NAMES, VALUES), max_size=6), st.booleans(), st.integers(0, 4096)), max_size=12
    )
)
def test_headers_are_read_as_they_were_written_whatever_the_table_holds(lists):
    encoder, ours = hpack.Encoder(), fields.Blocks()
    for headers, huffman, size in lists:
        if size < 300:
            encoder.header_table_size = size
        for _ in range(2):  # the second is read from memory where the table is as it was
            read = ours.read(encoder.encode(list(http2.CALL.items()) + headers, huffman=huffman))
            assert read.problem_of_request() == ""
            assert read.pseudo[b":path"] == b"/echo"
            expected = {name.encode(): value.encode() for name, value in headers}
            assert {name: read.headers[name] for name in expected} == expected
            assert len(ours._kept) <= fields.MOST_KEPT


def test_a_block_that_was_read_is_not_mistaken_for_another_when_the_table_has_changed():
    ours = fields.Blocks()
    both = block(http2.CALL) + b"\xbe"  # the newest of the table
    ours.read(block(http2.CALL) + b"\x40\1a\1b")
    assert ours.read(both).headers[b"a"] == ours.read(both).headers[b"a"] == b"b"
    ours.read(block(http2.CALL) + b"\x40\1a\1c")
    assert ours.read(both).headers[b"a"] == b"c"
    ours.read(b"\x20" + block(http2.CALL))  # an empty table
    with pytest.raises(Exception, match="headers that cannot be read"):
        ours.read(both)


@pytest.mark.parametrize("size", [0, 126, 127, 128, 254, 255, 5000])
def test_what_we_write_is_read_by_others(size):
    assert hpack.Decoder().decode(fields.field(b"a", b"x" * size)) == [("a", "x" * size)]


def test_no_value_of_a_header_is_logged_on_any_level(caplog):
    caplog.set_level(logging.DEBUG)
    fields.Blocks().read(hpack.Encoder().encode({"authorization": "Bearer secret-of-somebody"}))
    assert "secret-of-somebody" not in caplog.text


# anything at all

RIGHT = [
    PREFACE, http2.settings((4, 100)), opening(1), frame(DATA, 0, 1, message(b"hello")), frame(DATA, END_STREAM, 1),
    call(3), call(5, b"70000", pseudo_path="/size"), frame(WINDOW_UPDATE, 0, 0, number(5)), frame(PING, 0, 0, b"p" * 8),
    frame(RST_STREAM, 0, 5, number(8)), opening(7, 0), frame(CONTINUATION, END_HEADERS, 7, block({"a": "b"})),
    frame(PRIORITY, 0, 9, number(1) + b"\0"), call(9, grpc_timeout="1m"), frame(GOAWAY, 0, 0, number(0) * 2),
    frame(HEADERS, END_HEADERS, 11, hpack.Encoder().encode(http2.CALL)), frame(DATA, PADDED, 1, b"\1ab\0"),
]  # fmt: skip


@st.composite
def wrong(draw):
    """Frames that were right before something happened to them."""
    raw = PREFACE + http2.settings() + b"".join(draw(st.lists(st.sampled_from(RIGHT), max_size=8)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(len(raw), start + 4)))
        raw = raw[:start] + draw(st.binary(max_size=4)) + raw[end:]
    return raw


@settings(max_examples=300, deadline=None)
@given(wrong())
def test_whatever_comes_is_a_fault_of_the_client_and_harms_no_other(raw):
    async def conversation(app, host, connect):
        client = await connect(greets=False)
        client.send(raw)
        client.writer.write_eof()
        with contextlib.suppress(hpack.HPACKError, ValueError, struct.error):  # an answer over HTTP/1.1
            await client.is_closed()
        for each in client.seen:
            if each.kind in (RST_STREAM, GOAWAY):
                assert each.payload[-4:] != number(Code.INTERNAL_ERROR)
        assert not any(answer.headers.get("grpc-status") == "13" for answer in client._answers.values())
        assert await works(await connect(), 1)

    talk(conversation)
