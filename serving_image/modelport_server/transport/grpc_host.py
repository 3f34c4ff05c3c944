"""V2 gRPC over the application's models: a thread for each request that is being answered."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any

import grpc

from modelport_server.app import Application, server_metadata
from modelport_server.errors import Fault, Rejected
from modelport_server.health import Health
from modelport_server.observe import context as said
from modelport_server.observe.observer import Call
from modelport_server.transport.host import AddressUnavailable
from modelport_server.wire import v2_grpc
from modelport_server.wire.messages import SERVICE, message

THREADS = 8
CODE = "modelport-code"
INFER = "ModelInfer"
OPEN = ("ServerLive", "ServerReady", "ModelReady")  # for everybody, as their twins over HTTP

log = logging.getLogger(__name__)
Handler = Callable[[Any, Any, Call | None], Any]


class GrpcHost:
    """Listens beside the HTTP host; a `shared` port may be a predecessor's, too, until that one is gone.

    Attributes:
        port: the port that it listens on.
    """

    def __init__(self, app: Application, host: str, port: int, queue: int, *, shared: bool = False):
        """Listen; raises AddressUnavailable where that cannot be. At most `queue` requests wait for a thread."""
        self._app = app
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, thread_name_prefix="grpc"),
            handlers=[self._service()],
            maximum_concurrent_rpcs=THREADS + queue,
            options=[
                ("grpc.max_receive_message_length", app.max_body),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", int(shared)),
            ],
        )
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            remedy = "Free it, or choose another with --grpc-port (0 picks a free one)."
            raise AddressUnavailable(f"cannot listen on {address} for gRPC\n  {remedy}") from error
        self._server.start()

    async def drain(self, limit: float) -> None:
        """Take no more requests, and wait for those there are, at most `limit` seconds."""
        await asyncio.to_thread(self._server.stop(limit).wait)

    def _service(self) -> Any:
        methods: dict[str, Handler] = {
            "ServerLive": lambda *_: message("ServerLiveResponse")(live=True),
            "ServerReady": lambda *_: message("ServerReadyResponse")(ready=self._is_ready),
            "ModelReady": self._model_ready,
            "ServerMetadata": lambda *_: message("ServerMetadataResponse")(**server_metadata()),
            "ModelMetadata": self._metadata,
            INFER: self._infer,
        }
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                self._answering(name, handle),
                message(f"{name}Request").FromString,
                message(f"{name}Response").SerializeToString,
            )
            for name, handle in methods.items()
        }
        return grpc.method_handlers_generic_handler(SERVICE, handlers)

    def _answering(self, name: str, handle: Handler) -> Callable[[Any, Any], Any]:
        route = f"grpc_{name}"  # counted as its twin over HTTP would be

        def answer(request: Any, context: Any) -> Any:
            traffic, started = self._app.traffic, time.perf_counter()
            observer, fault, text, response = self._app.observer, None, "", None
            call = observer.begin(route, _headers(context)) if observer and name == INFER else None
            traffic.inflight += 1
            try:
                if not context.is_active():  # it waited for a thread, and its client has gone
                    raise CancelledError
                if self._app.guard and name not in OPEN:
                    self._app.guard.admit_here(_headers(context).get(b"authorization", b"").decode("latin-1"))
                response = handle(request, context, call)
            except CancelledError:
                fault, text = Fault.ABANDONED, "the client has gone"
            except Rejected as rejection:
                fault, text = rejection.fault, str(rejection)
            except Exception:
                names = call.names() if call else said.names(_headers(context))
                log.exception("%s failed", name, extra=names)
                fault, text = Fault.INTERNAL, "internal error, see the server's log"
            finally:
                traffic.inflight -= 1
            status = fault.status if fault else 200
            traffic.count(route, status, time.perf_counter() - started)
            trailers = [(key.decode(), value.decode()) for key, value in call.end(status, fault)] if call else []
            trailers += [(CODE, fault.code)] if fault else []
            if trailers:
                context.set_trailing_metadata(trailers)
            if fault:
                context.abort(grpc.StatusCode[fault.grpc], text)
            return response

        return answer

    @property
    def _is_ready(self) -> bool:
        return self._app.health is Health.READY

    def _named(self, name: str, version: str) -> Any:
        return self._app.models.named(name, version or None)

    def _model_ready(self, request: Any, *_: Any) -> Any:
        ready = self._is_ready and bool(self._named(request.name, request.version))
        return message("ModelReadyResponse")(ready=ready)

    def _metadata(self, request: Any, *_: Any) -> Any:
        bundle = self._named(request.name, request.version).bundle
        return v2_grpc.metadata(bundle, self._app.models.versions(bundle.name))

    def _infer(self, request: Any, context: Any, call: Call | None) -> Any:
        model = self._named(request.model_name, request.model_version)
        asked = v2_grpc.decode(request, model.bundle)

        def watch(future: Future[Any]) -> None:
            context.add_callback(future.cancel)

        arrays = self._app.infer_here(model, asked, call, context.time_remaining(), watch)
        return v2_grpc.encode(model.bundle, asked, arrays)


def _headers(context: Any) -> dict[bytes, bytes]:
    """A call's metadata, as a request's headers are kept."""
    pairs = context.invocation_metadata()
    return {key.encode(): value if isinstance(value, bytes) else value.encode() for key, value in pairs}
