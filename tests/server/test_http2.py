"""HTTP/2, frame by frame: what clients send in order, cut anywhere, or wrong."""

import asyncio
import contextlib
import struct

import hpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import http2
from support.echo import OK, talk, until, works
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
    block,
    call,
    frame,
    message,
    number,
    opening,
)

from modelport_server.transport.http2 import connection, fields
from modelport_server.transport.http2.errors import Code


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
