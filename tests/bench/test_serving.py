"""The bench notices what is wrong: it would be worth nothing if a server could win by answering badly."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import sleep

import grpc
import numpy as np
import pytest
from bench.serving import page
from bench.serving.client import Connection, Exchange, HttpConnection, WrongAnswer, answers, closed_loop, open_loop
from bench.serving.contests import ANY, CONTESTS, ECHO, JSON, OURS
from bench.serving.environments import PEERS, ROOT
from bench.serving.goals import GOALS
from bench.serving.grpc_connection import GrpcConnection
from bench.serving.models import Served
from bench.serving.page import missed, section
from bench.serving.results import Results
from bench.serving.wires import V2_JSON, check

REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"
METHOD = "/service/Method"


@contextmanager
def http_server(respond) -> Iterator[tuple[str, int]]:
    """A server that answers POST with `respond(handler, body)`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            respond(self, self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, body: bytes, *, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def grpc_server(answer) -> Iterator[tuple[str, int]]:
    handlers = {"Method": grpc.unary_unary_rpc_method_handler(answer)}
    server = grpc.server(ThreadPoolExecutor(2), [grpc.method_handlers_generic_handler("service", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield "127.0.0.1", port
    finally:
        server.stop(None).wait()


def asked(connection: Connection, times: int) -> int:
    """How often it was answered, asked so many times in a row."""
    with Exchange([connection]) as exchange:
        for count in range(times):
            exchange.ask(connection)
            if not any(list(exchange.answered(1)) for _ in range(60)):
                return count
    return times


def test_an_answer_other_than_200_fails_the_loop():
    with http_server(lambda handler, _: send(handler, b"no", status=503)) as address:
        connections = [HttpConnection(address, REQUEST)]
        with pytest.raises(WrongAnswer, match="503"):
            closed_loop(connections, 0.1)


def test_an_answer_without_a_body_fails_the_loop():
    with http_server(lambda handler, _: send(handler, b"")) as address:
        connections = [HttpConnection(address, REQUEST)]
        with pytest.raises(WrongAnswer, match="without a body"):
            closed_loop(connections, 0.1)


@pytest.mark.parametrize("found", [[0.25, 0.75], [0.75], "text", None])
def test_other_numbers_than_those_of_raw_onnxruntime_are_refused(found):
    expected = np.array([[0.75, 0.25]], np.float32)
    values = np.zeros((1, 20), np.float32)
    body = json.dumps({"outputs": [{"data": found}]}).encode()
    with http_server(lambda handler, _: send(handler, body)) as address:
        connection = V2_JSON.connection(address, Served("logreg", Path(), [values], [expected]), values)
        answers([connection])
    with pytest.raises(WrongAnswer):
        check(V2_JSON, connection, expected)


def test_a_large_request_arrives_whole():
    body = bytes(range(256)) * 40_000
    request = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with http_server(lambda handler, got: send(handler, sha256(got).digest())) as address:
        connections = [HttpConnection(address, request) for _ in range(3)]
        answers(connections)
    assert {each.answer[1] for each in connections} == {sha256(body).digest()}


def test_an_answer_in_pieces_is_read_whole():
    def respond(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        for piece in (b"HTTP/1.1 200 OK\r\nContent-", b"Length: 9\r\n\r\n", b"abc", b"defghi"):
            handler.wfile.write(piece)
            handler.wfile.flush()

    with http_server(respond) as address:
        connection = HttpConnection(address, REQUEST)
        answers([connection])
    assert connection.answer[1] == b"abcdefghi"


def test_a_server_that_closes_after_each_answer_is_asked_on():
    with http_server(lambda handler, _: send(handler, b"x", Connection="close")) as address:
        assert asked(HttpConnection(address, REQUEST), times=3) == 3


def test_latency_counts_from_when_a_request_was_due():
    def slowly(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        sleep(0.02)
        send(handler, b"x")

    with http_server(slowly) as address:  # 50 a second at most, and 100 come
        latencies = open_loop([HttpConnection(address, REQUEST)], 100, 0.5)
    assert latencies == sorted(latencies)
    assert latencies[-1] > 0.1


def test_a_call_gives_its_message_and_many_calls_their_window():
    with grpc_server(lambda request, _: request[::-1]) as address:
        connection = GrpcConnection(address, METHOD, b"abc" * 400)
        answers([connection])
        assert connection.answer[5:] == b"cba" * 400
        assert asked(GrpcConnection(address, METHOD, b"x" * 9000), times=20) == 20


def test_a_failed_call_fails_the_loop():
    def abort(_: bytes, context: grpc.ServicerContext) -> None:
        context.abort(grpc.StatusCode.INTERNAL, "no")

    with grpc_server(abort) as address, pytest.raises(WrongAnswer, match="failed"):
        answers([GrpcConnection(address, METHOD, b"abc")])


def test_a_figure_below_its_floor_is_missed_and_one_that_is_not_there_is_said_to_be_missing():
    results = Results()
    for number, (own, echo) in enumerate([(40, 100), (90, 100), (45, 100)]):
        results.add(("tiny", OURS, JSON), number, own)
        results.add(("tiny", ECHO, ANY), number, echo)
    results.absent["kserve"] = "no such interpreter"
    assert missed(results) == [GOALS[0].name]
    lines = section(results, 1)
    assert f"| {GOALS[0].name} | 0.45 | ≥ 0.5 | no |  |  |" in lines
    assert any(line.startswith("| tiny: requests/s to kserve | not measured") for line in lines)
    assert any("kserve: no such interpreter" in line for line in lines)


def test_every_peer_runs_the_onnxruntime_that_the_server_runs():
    def pins(lock: Path) -> set[str]:
        return {line.split()[0] for line in lock.read_text().splitlines() if line.startswith("onnxruntime==")}

    ours = pins(ROOT / "requirements" / "local.txt")
    peers = {entrant.peer for contest in CONTESTS for entrant in contest.entrants} - {None}
    assert {peer: pins(PEERS / peer / "requirements.txt") for peer in peers} == dict.fromkeys(peers, ours)


def test_the_section_is_put_at_the_end_of_the_page_once_and_renewed_in_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "PAGE", tmp_path / "benchmarks.md")
    page.PAGE.write_text("# Benchmarks\n<!-- figures -->\nold\n<!-- end -->\n")
    page.record(["first"])
    page.PAGE.write_text(page.PAGE.read_text() + "\nmore\n")
    page.record(["second", "third"])
    assert page.PAGE.read_text() == (
        "# Benchmarks\n<!-- figures -->\nold\n<!-- end -->\n\n<!-- serving -->\nsecond\nthird\n<!-- end -->\n\nmore\n"
    )
