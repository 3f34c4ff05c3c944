"""A server that is right but for one thing: it passes everything on to a right one, and changes what it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Exchange:
    """A request and its answer, to be changed. `memory` lasts as long as the server."""

    method: str
    path: str
    headers: dict[str, str]
    asked: bytes
    memory: dict[str, Any]
    status: int = 0
    given: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def say(self, status: int, content: Any) -> None:
        self.status, self.given = status, {"content-type": "application/json"}
        self.body = json.dumps(content).encode()

    def edit(self, change: Callable[[Any], Any]) -> None:
        """Change the JSON that an answer begins with."""
        size = int(self.given.get("inference-header-content-length", len(self.body)))
        content = json.loads(self.body[:size])
        changed = change(content)
        text = json.dumps(content if changed is None else changed).encode()
        if "inference-header-content-length" in self.given:
            self.given["inference-header-content-length"] = str(len(text))
        self.body = text + self.body[size:]


Change = Callable[[Exchange], None]


class Proxy:
    """Listens on `port` until closed; `before` changes requests, `after` changes answers."""

    def __init__(self, upstream: int, before: Change | None = None, after: Change | None = None):
        memory: dict[str, Any] = {}

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                asked = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                exchange = Exchange(self.command, self.path, headers, asked, memory)
                if before:
                    before(exchange)
                if not exchange.status:
                    self.pass_on(exchange)
                if after:
                    after(exchange)
                self.send_response(exchange.status)
                for name, value in exchange.given.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(exchange.body)))
                self.end_headers()
                self.wfile.write(exchange.body)

            def pass_on(self, exchange: Exchange) -> None:
                connection = HTTPConnection("127.0.0.1", upstream, timeout=60)
                own = {**exchange.headers, "content-length": str(len(exchange.asked))}
                connection.request(exchange.method, exchange.path, exchange.asked, own)
                response = connection.getresponse()
                exchange.status, exchange.body = response.status, response.read()
                left_out = ("content-length", "connection", "date", "server")
                exchange.given = {k.lower(): v for k, v in response.getheaders() if k.lower() not in left_out}
                connection.close()

            do_GET = do_POST = answer

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.port = self._server.server_port

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class GrpcProxy:
    """The same for V2 gRPC: `before` changes a request, `after` an answer; either may give (code, text) to refuse."""

    def __init__(self, upstream: int, message: Callable[[str], Any], before: Any = None, after: Any = None):
        from concurrent.futures import ThreadPoolExecutor

        import grpc

        channel = grpc.insecure_channel(f"127.0.0.1:{upstream}")

        def handler(details: Any) -> Any:
            method = details.method.rpartition("/")[2]
            call = channel.unary_unary(details.method)

            def answer(raw: bytes, context: Any) -> bytes:
                request = message(f"{method}Request").FromString(raw)
                if before and (refusal := before(method, request)):
                    context.abort(getattr(grpc.StatusCode, refusal[0]), refusal[1])
                error = None
                response = message(f"{method}Response")()
                try:
                    response.ParseFromString(call(request.SerializeToString(), timeout=60))
                except grpc.RpcError as problem:
                    error = problem.code().name, problem.details()
                error = after(method, response, error) if after else error
                if error:
                    context.abort(getattr(grpc.StatusCode, error[0]), error[1])
                return response.SerializeToString()

            return grpc.unary_unary_rpc_method_handler(answer)

        class Everything(grpc.GenericRpcHandler):
            def service(self, details: Any) -> Any:
                return handler(details)

        self._channel = channel
        self._server = grpc.server(ThreadPoolExecutor(4), handlers=[Everything()])
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def close(self) -> None:
        self._server.stop(None).wait()
        self._channel.close()
