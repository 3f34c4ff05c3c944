"""HTTP/1.1, byte by byte: what clients send in order, too slowly, too much, or not to the end."""

import asyncio
import contextlib
import json

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from modelport_server.exchange import Response
from modelport_server.transport.connection import MOST_HEAD
from modelport_server.transport.connections import Patience
from modelport_server.transport.host import Host, bind

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
PIECES = [
    GET, b"POST /a HTTP/1.1\r\n", b"content-length: 3\r\n", b"\r\n", b"\r\n\r\n", b"abc", b"3\r\nabc\r\n",
    b"transfer-encoding: chunked\r\n", b"0\r\n\r\n", b"expect: 100-continue\r\n",
]  # fmt: skip


class Echo:
    """Answers with what it was asked; `/wait` when it is let go; a problem with its status."""

    def __init__(self, max_body=1000):
        self.max_body = max_body
        self.asked, self.left, self.go = [], [], asyncio.Event()

    async def answer(self, request):
        self.asked.append(request.path)
        if request.problem:
            return Response(request.problem.fault.status, str(request.problem).encode())
        if request.path.startswith("/wait"):
            waiting = asyncio.get_running_loop().create_future()
            opening = asyncio.ensure_future(self.go.wait())
            opening.add_done_callback(lambda _: waiting.done() or waiting.set_result(None))
            try:
                await waiting
            except asyncio.CancelledError:
                self.left.append(request.path)
                raise
        headers = {name.decode(): value.decode("latin-1") for name, value in request.headers.items()}
        content = {"method": request.method, "path": request.path, "headers": headers, "size": len(request.body)}
        size = int(headers.get("x-answer", 0))
        return Response(200, json.dumps(content).encode() + b" " * size)


class Client:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def send(self, raw):
        self.writer.write(raw)

    async def answer(self, *, has_body=True):
        """The status, headers and content of the next answer."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 30)
        status, *lines = head.decode().splitlines()[:-1]
        headers = dict(line.split(": ", 1) for line in lines)
        body = await self.reader.readexactly(int(headers["content-length"])) if has_body else b""
        number = int(status.split()[1])
        return number, headers, json.loads(body) if number == 200 and body else body

    async def is_closed(self):
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(self.reader.read(1), 30) == b""
        return True


async def until(condition):
    async with asyncio.timeout(30):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


def talk(conversation, *, max_body=1000, **patience):
    """Run `conversation(app, host, connect)` with a host of its own."""

    async def run():
        app = Echo(max_body)
        host = Host(app, Patience(**patience))
        listening = bind("127.0.0.1", 0)
        await host.accept(listening)
        clients = []

        async def connect():
            clients.append(Client(*await asyncio.open_connection(*listening.getsockname())))
            return clients[-1]

        try:
            await conversation(app, host, connect)
        finally:
            for client in clients:
                client.writer.close()
            host.stop_accepting()

    uvloop.run(run())


def test_requests_sent_ahead_are_answered_in_their_order():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(b"".join(b"GET /%s%d HTTP/1.1\r\n\r\n" % (b"wait" if n == 2 else b"", n) for n in range(200)))
        first = [await client.answer() for _ in range(2)]
        await asyncio.sleep(0.01)
        assert app.asked == ["/0", "/1", "/wait2"]
        app.go.set()
        rest = [await client.answer() for _ in range(198)]
        assert [answer["path"] for _, _, answer in first + rest] == app.asked
        assert app.asked[3:] == [f"/{n}" for n in range(3, 200)]

    talk(conversation)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=8))
def test_where_the_bytes_are_cut_does_not_matter(cuts):
    raw = b"POST /a%20b?c=d HTTP/1.1\r\nX-One: 1\r\ncontent-length: 5\r\n\r\nabcde" + (
        b"POST /two HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" + GET
    )

    async def conversation(app, host, connect):
        client = await connect()
        for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(raw)], strict=True):
            client.send(raw[start:end])
            await client.writer.drain()
            await asyncio.sleep(0)
        answers = [(await client.answer())[2] for _ in range(3)]
        assert [(each["method"], each["path"], each["size"]) for each in answers] == [
            ("POST", "/a b", 5),
            ("POST", "/two", 5),
            ("GET", "/a", 0),
        ]
        assert answers[0]["headers"] == {"x-one": "1", "content-length": "5"}

    talk(conversation)


@pytest.mark.parametrize(
    ("raw", "goes_on"),
    [
        (GET, True),
        (b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", False),
        (b"GET http://proxy/path HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n\r\n", False),
    ],
)
def test_a_connection_goes_on_as_the_client_says(raw, goes_on):
    async def conversation(app, host, connect):
        client = await connect()
        client.send(raw)
        status, headers, _ = await client.answer()
        assert (status, headers.get("connection")) == (200, None if goes_on else "close")
        assert "date" in headers
        if goes_on:
            client.send(GET)
            assert (await client.answer())[2]["path"] == "/a"
        else:
            assert await client.is_closed()

    talk(conversation)


def test_head_gets_the_headers_of_get():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(b"HEAD /a HTTP/1.1\r\n\r\n")
        status, headers, _ = await client.answer(has_body=False)
        assert (status, int(headers["content-length"]) > 20) == (200, True)
        client.send(GET)
        assert (await client.answer())[2]["method"] == "GET"

    talk(conversation)


def test_a_client_that_asks_first_is_told_to_go_on():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(b"POST / HTTP/1.1\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n")
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"abcde")
        assert (await client.answer())[2]["size"] == 5
        client.send(b"POST / HTTP/1.1\r\ncontent-length: 1001\r\nexpect: 100-continue\r\n\r\n")
        assert (await client.answer())[0] == 413
        assert await client.is_closed()

    talk(conversation)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
        b"POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\n\r\n",
        b"GET http://[:::bad/ HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_the_connection_closed(raw):
    async def conversation(app, host, connect):
        client = await connect()
        client.send(raw)
        status, headers, _ = await client.answer()
        assert (400 <= status < 500, headers["connection"]) == (True, "close")
        client.writer.write_eof()
        assert await client.is_closed()

    talk(conversation)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from(PIECES),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_whatever_comes_is_answered_with_less_than_500_and_harms_no_other(pieces):
    async def conversation(app, host, connect):
        client = await connect()
        client.send(b"".join(pieces))
        client.writer.write_eof()
        with contextlib.suppress(ConnectionResetError):
            for line in (await asyncio.wait_for(client.reader.read(), 30)).split(b"HTTP/1.1 ")[1:]:
                assert line[:1] in b"124"
        other = await connect()
        other.send(GET)
        assert (await other.answer())[0] == 200

    talk(conversation)


def test_a_head_has_a_limit_in_one_piece_and_in_many():
    async def conversation(app, host, connect):
        for size in (MOST_HEAD, 250_000):
            client = await connect()
            client.send(b"GET / HTTP/1.1\r\nx: " + b"a" * size + b"\r\n\r\n")
            assert (await client.answer())[0] == 431
        client = await connect()
        client.send(b"GET /" + b"a" * MOST_HEAD)
        assert (await client.answer())[0] == 431
        client = await connect()
        client.send(b"GET / HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(2 * MOST_HEAD // 1000):
                client.send(b"x: " + b"a" * 995 + b"\r\n")
                await client.writer.drain()
        assert (await client.answer())[0] == 431
        assert app.asked == [""] * 4

    talk(conversation)


def test_a_body_too_large_is_read_past_but_not_without_end():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(b"POST /a HTTP/1.1\r\ncontent-length: 5000000\r\n\r\n" + b"a" * 5_000_000 + GET)
        assert (await client.answer())[0] == 413
        assert (await client.answer())[0] == 200
        client.send(b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b"a" * (1 << 20) + b"\r\n"
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                client.send(chunk)
                await client.writer.drain()
        assert (await client.answer())[0] == 413
        assert await client.is_closed()

    talk(conversation)


def test_a_request_that_does_not_come_to_its_end_is_given_up():
    async def conversation(app, host, connect):
        slow = await connect()
        slow.send(b"POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nab")
        status, headers, _ = await slow.answer()
        assert (status, headers["connection"]) == (408, "close")
        slow.writer.write_eof()
        assert await slow.is_closed()
        dripping = await connect()
        for _ in range(100):  # a byte now and then does not help
            dripping.send(b"G" if not app.asked[1:] else b"x")
            await asyncio.sleep(0.02)
            if app.asked[1:]:
                break
        assert (await dripping.answer())[0] in (400, 408)

    talk(conversation, request=0.2)


def test_who_says_nothing_is_let_go():
    async def conversation(app, host, connect):
        silent = await connect()
        assert await silent.is_closed()
        idle = await connect()
        idle.send(GET)
        assert (await idle.answer())[0] == 200
        assert await idle.is_closed()

    talk(conversation, request=0.2, idle=0.2)


def test_who_takes_no_answer_is_cut_off_and_its_next_requests_do_not_run():
    async def conversation(app, host, connect):
        client = await connect()
        client.writer.transport.pause_reading()
        request = b"GET /a HTTP/1.1\r\nx-answer: 3000000\r\n\r\n"
        client.send(request * 50)
        other = await connect()
        other.send(GET)
        assert (await other.answer())[0] == 200
        await until(lambda: not any(each._is_blocked for each in host._connections.open))
        assert len(app.asked) < 30

    talk(conversation, answer=0.2)


def test_what_a_client_asked_for_is_given_up_when_it_goes():
    async def conversation(app, host, connect):
        client = await connect()
        client.send(b"GET /wait1 HTTP/1.1\r\n\r\n")
        await until(lambda: app.asked == ["/wait1"])
        client.writer.close()
        await until(lambda: app.left == ["/wait1"])
        assert not host._connections.open

    talk(conversation)


def test_a_drain_waits_for_answers_and_lets_idle_clients_go():
    async def conversation(app, host, connect):
        idle, busy = await connect(), await connect()
        idle.send(GET)
        await idle.answer()
        busy.send(b"GET /wait HTTP/1.1\r\n\r\n")
        await until(lambda: "/wait" in app.asked)
        draining = asyncio.ensure_future(host.drain(grace=0.05, limit=20))
        assert await idle.is_closed()
        assert not draining.done()
        app.go.set()
        status, headers, _ = await busy.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await draining

    talk(conversation)


def test_a_drain_ends_at_its_limit():
    async def conversation(app, host, connect):
        busy = await connect()
        busy.send(b"GET /wait HTTP/1.1\r\n\r\n")
        await until(lambda: app.asked)
        assert not await host.drain(grace=0, limit=0.1)

    talk(conversation)
