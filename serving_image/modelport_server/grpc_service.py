"""V2 gRPC's methods over the application's models."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from google.protobuf.message import DecodeError

from modelport_server.app import Application, Route, server_metadata
from modelport_server.errors import Fault, Rejected
from modelport_server.exchange import Request, Response
from modelport_server.health import Health
from modelport_server.inference.model import Model
from modelport_server.transport import grpc
from modelport_server.wire import v2_grpc
from modelport_server.wire.messages import SERVICE, message


class GrpcService:
    """Answers calls as the application answers requests: checked, counted and watched in the same place."""

    def __init__(self, app: Application):
        self._app = app
        self._routes = {
            f"/{SERVICE}/{name}": Route(f"grpc_{name}", "POST", handler, infers, is_open)
            for name, handler, infers, is_open in (
                ("ServerLive", self._live, False, True),
                ("ServerReady", self._ready, False, True),
                ("ModelReady", self._model_ready, False, True),
                ("ServerMetadata", self._metadata, False, False),
                ("ModelMetadata", self._model_metadata, False, False),
                ("ModelInfer", self._infer, True, False),
            )
        }
        self._no_route = Route("grpc_unknown", "POST", self._unknown)

    @property
    def max_body(self) -> int:
        """Bytes that a message may have."""
        return self._app.max_body

    def answer(self, request: Request) -> Awaitable[Response]:
        """Answer and count a call. Never raises: what goes wrong is an answer too."""
        route = self._routes.get(request.path, self._no_route)
        return self._app.carry_out(request, route, _refusal)

    async def _live(self, request: Request) -> Response:
        return _message("ServerLiveResponse", live=True)

    async def _ready(self, request: Request) -> Response:
        return _message("ServerReadyResponse", ready=self._is_ready)

    async def _model_ready(self, request: Request) -> Response:
        asked = _read("ModelReadyRequest", request)
        return _message("ModelReadyResponse", ready=self._is_ready and bool(self._named(asked.name, asked.version)))

    async def _metadata(self, request: Request) -> Response:
        return _message("ServerMetadataResponse", **server_metadata())

    async def _model_metadata(self, request: Request) -> Response:
        asked = _read("ModelMetadataRequest", request)
        bundle = self._named(asked.name, asked.version).bundle
        return Response(200, v2_grpc.metadata(bundle, self._app.models.versions(bundle.name)).SerializeToString())

    async def _infer(self, request: Request) -> Response:
        given = _read("ModelInferRequest", request)
        model = self._named(given.model_name, given.model_version)
        asked = v2_grpc.decode(given, model.bundle)
        arrays = await self._app.infer(model, asked, request)
        return Response(200, v2_grpc.encode(model.bundle, asked, arrays).SerializeToString())

    async def _unknown(self, request: Request) -> Response:
        raise Rejected(Fault.METHOD_NOT_ALLOWED, f"no such method: {request.path}")

    @property
    def _is_ready(self) -> bool:
        return self._app.health is Health.READY

    def _named(self, name: str, version: str) -> Model:
        return self._app.models.named(name, version or None)


def _read(name: str, request: Request) -> Any:
    try:
        return message(name).FromString(request.body)
    except DecodeError as error:
        raise Rejected(Fault.MALFORMED, f"the message is no {name}") from error


def _message(name: str, /, **fields: Any) -> Response:
    return Response(200, message(name)(**fields).SerializeToString())


def _refusal(rejection: Rejected, _: str) -> Response:
    return grpc.refusal(rejection)
