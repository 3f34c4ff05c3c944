"""The application: a request in bytes to an answer in bytes, whatever carries them."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import orjson

from modelport_server.errors import Rejected
from modelport_server.health import Health
from modelport_server.metrics import Traffic
from modelport_server.model import Model
from modelport_server.wire import prometheus, sagemaker, v2

MODEL_PATH = re.compile(r"/v2/models/(?P<name>[^/]+)(?:/versions/(?P<version>[^/]+))?(?:/(?P<verb>ready|infer))?")
JSON = "application/json"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request. `path` is decoded and has no query; `content_type` is empty when not given."""

    method: str
    path: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `allow` names the one method that a path takes, after the wrong one was used."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    allow: str = ""


Handler = Callable[[Request], Awaitable[Response]]


class Application:
    """Every protocol's paths over the same models.

    Attributes:
        max_body: bytes that a request may have.
        health: where the server stands; set from outside when it begins to drain.
        traffic: what went through.
    """

    def __init__(self, max_body: int) -> None:
        self.max_body = max_body
        self.health = Health.STARTING
        self.traffic = Traffic()
        self.models: dict[str, Model] = {}
        self._routes: dict[str, tuple[str, str, Handler]] = {
            "/v2": ("v2_server", "GET", self._server),
            "/v2/health/live": ("v2_live", "GET", self._live),
            "/v2/health/ready": ("v2_ready", "GET", self._ready),
            "/ping": ("ping", "GET", self._ping),
            "/invocations": ("invocations", "POST", self._invocations),
            "/metrics": ("metrics", "GET", self._metrics),
        }
        self._model_routes: dict[str | None, tuple[str, str, Handler]] = {
            None: ("v2_model", "GET", self._model),
            "ready": ("v2_model_ready", "GET", self._model_ready),
            "infer": ("v2_infer", "POST", self._infer),
        }

    def start(self, models: Iterable[Model]) -> None:
        """Serve `models` from now on."""
        self.models = {model.bundle.name: model for model in models}
        self.health = Health.READY

    async def answer(self, request: Request) -> Response:
        """Answer and count a request. Never raises: what goes wrong is an answer too."""
        route, method, handler = self._route(request.path)
        started = time.perf_counter()
        self.traffic.inflight += 1
        try:
            if method and request.method != method:
                response = _error(405, f"{request.path} takes {method}", allow=method)
            elif len(request.body) > self.max_body:
                response = _error(413, f"the body has more than {self.max_body} bytes")
            else:
                response = await handler(request)
        except Rejected as rejection:
            response = _error(rejection.status, str(rejection))
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            response = _error(500, "internal error, see the server's log")
        finally:
            self.traffic.inflight -= 1
        self.traffic.count(route, response.status, time.perf_counter() - started)
        return response

    def _route(self, path: str) -> tuple[str, str, Handler]:
        if route := self._routes.get(path):
            return route
        if match := MODEL_PATH.fullmatch(path):
            return self._model_routes[match["verb"]]
        return "unknown", "", self._unknown

    async def _unknown(self, request: Request) -> Response:
        return _error(404, f"no such path: {request.path}")

    async def _server(self, request: Request) -> Response:
        return _json({"name": "modelport-server", "version": version("modelport-server"), "extensions": []})

    async def _live(self, request: Request) -> Response:
        return _json({"live": True})

    async def _ready(self, request: Request) -> Response:
        ready = self.health is Health.READY
        return _json({"ready": ready}, status=200 if ready else 503)

    async def _ping(self, request: Request) -> Response:
        return Response(sagemaker.ping(self.health))

    async def _metrics(self, request: Request) -> Response:
        text = prometheus.render(self.traffic, self.health, self.models.values())
        return Response(200, text, prometheus.CONTENT_TYPE)

    async def _model(self, request: Request) -> Response:
        return _json(v2.metadata(self._named(request.path).bundle))

    async def _model_ready(self, request: Request) -> Response:
        ready = self.health is Health.READY
        return _json({"name": self._named(request.path).bundle.name, "ready": ready}, status=200 if ready else 503)

    async def _infer(self, request: Request) -> Response:
        return await _infer(self._named(request.path), request.body)

    async def _invocations(self, request: Request) -> Response:
        self._require_models()
        model = sagemaker.invoked(self.models, request.content_type)
        return await _infer(model, request.body)

    def _named(self, path: str) -> Model:
        self._require_models()
        match = MODEL_PATH.fullmatch(path)
        assert match
        model = self.models.get(match["name"])
        if model is None:
            raise Rejected(404, f"no model {match['name']}: this server has {', '.join(self.models)}")
        if match["version"] not in (None, model.bundle.version):
            raise Rejected(404, f"no version {match['version']} of {model.bundle.name}: it is {model.bundle.version}")
        return model

    def _require_models(self) -> None:
        if not self.models:
            raise Rejected(503, "the server is starting: its models are not loaded yet")


async def _infer(model: Model, body: bytes) -> Response:
    inference = v2.decode(body, model.bundle)
    arrays = await model.infer(inference.feeds, inference.outputs)
    return Response(200, v2.encode(model.bundle, inference, arrays))


def _error(status: int, message: str, *, allow: str = "") -> Response:
    return Response(status, orjson.dumps({"error": message}), allow=allow)


def _json(content: dict[str, Any], *, status: int = 200) -> Response:
    return Response(status, orjson.dumps(content))
