"""Headers of HTTP/2, read and written with the table of a connection."""

import logging

import hpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import http2
from support.http2 import block

from modelport_server.transport.http2 import fields

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
