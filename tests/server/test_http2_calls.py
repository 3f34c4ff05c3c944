"""gRPC's own rules on HTTP/2."""

import pytest
from support.echo import DEADLINE, EXHAUSTED, INVALID, OK, UNIMPLEMENTED, talk, works
from support.http2 import DATA, END_HEADERS, END_STREAM, call, frame, message, opening

from modelport_server.errors import Fault, Rejected
from modelport_server.transport import grpc

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
