"""Heads that come again mean what they meant, whatever their bodies."""

import pytest

from modelport_server.exchange import Request
from modelport_server.transport import heads
from modelport_server.transport.heads import Heads

PLAIN = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n"


def request(body=b"abc", **headers):
    given = {b"host": b"x", b"content-length": b"%d" % len(body)} | {
        name.replace("_", "-").encode(): value for name, value in headers.items()
    }
    return Request("POST", "/a", given, body)


@pytest.fixture
def kept():
    known = Heads()
    known.keep(PLAIN + b"abc", request())
    return known


def test_the_next_request_has_the_same_head_and_its_own_body(kept):
    first, second = kept.request(PLAIN + b"abc"), kept.request(PLAIN + b"xyz")
    assert (second.method, second.path, second.headers, second.body) == ("POST", "/a", request().headers, b"xyz")
    assert first.head is second.head is not None
    assert second.problem is None


@pytest.mark.parametrize(
    "data",
    [
        PLAIN + b"ab",
        PLAIN + b"abcd",
        PLAIN + b"abc" + PLAIN + b"abc",
        b"\r\n" + PLAIN + b"abc",
        PLAIN.replace(b"/a", b"/b") + b"abc",
        PLAIN.replace(b": 3", b": 4") + b"abcd",
        PLAIN[:-2] + b"abc",
        b"",
        b"\r\n\r\n",
    ],
)
def test_anything_else_is_for_the_parser(kept, data):
    assert kept.request(data) is None


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (PLAIN + b"abc" + b"more", request()),
        (
            PLAIN[:-2] + b"transfer-encoding: chunked\r\n\r\n" + b"3\r\nabc\r\n0\r\n\r\n",
            request(transfer_encoding=b"chunked"),
        ),
        (PLAIN[:-2] + b"expect: 100-continue\r\n\r\nabc", request(expect=b"100-continue")),
        (b"GET /a HTTP/1.1\r\nx: " + b"y" * heads.MOST_BYTES + b"\r\n\r\n", request(b"")),
        (b"abc", request()),
    ],
)
def test_what_may_differ_next_time_is_not_kept(data, read):
    known = Heads()
    known.keep(data, read)
    assert known.request(data) is None


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(heads, "MOST_KEPT", 3)
    known = Heads()
    sent = [PLAIN.replace(b"/a", b"/%d" % number) + b"abc" for number in range(10)]
    for data in sent:
        known.keep(data, request())
    assert 1 <= sum(known.request(data) is not None for data in sent) <= 3
