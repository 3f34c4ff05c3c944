"""The application: a request in bytes to an answer in bytes, whatever carries them."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from typing import Any, NamedTuple

import orjson

from modelport_server.access.guard import Guard
from modelport_server.errors import Fault, Rejected, ServerError
from modelport_server.exchange import BYTES, Request, Response
from modelport_server.health import Health
from modelport_server.inference.answers import Answers
from modelport_server.inference.catalog import Catalog
from modelport_server.inference.model import Model
from modelport_server.lanes import Lanes, Way
from modelport_server.observe import context, feedback, prometheus
from modelport_server.observe.families import server_families
from modelport_server.observe.metrics import Family, Traffic
from modelport_server.observe.observer import Observer
from modelport_server.paths import Paths
from modelport_server.tensors import Array, Inference
from modelport_server.wire import instances, sagemaker, scoring, v2
from modelport_server.wire.forms import JSON_SIZE

V2_PATH = re.compile(r"/v2/models/(?P<name>[^/]+)(?:/versions/(?P<version>[^/]+))?(?:/(?P<verb>ready|infer))?")
V1_PATH = re.compile(r"/v1/models/(?P<name>[^/:]+)(?::(?P<verb>predict))?")
REDIRECTED = re.compile(r"v2(/.*)?|metrics")
REDIRECT = b"x-vertex-ai-triton-redirect"
ENVOY_TIMEOUT = b"x-envoy-expected-rq-timeout-ms"
VISIBLE = re.compile(r"[\x20-\x7e]{1,1024}")

log = logging.getLogger(__name__)
Refuse = Callable[[Rejected, str], Response]  # what is said of a request that is refused, where a method would do


class Route(NamedTuple):
    """What answers a path.

    `name` labels its metrics; without a `method` it takes any. `infers`: it may run a model. `is_open`: for everybody,
    as platforms that ask for health bear no token.
    """

    name: str
    method: str
    handler: Callable[[Request], Awaitable[Response]]
    infers: bool = False
    is_open: bool = False


class PathTaken(ServerError):
    """A path of the platform's choice means something else already."""

    exit_code = 2


class Application:
    """Every protocol's paths over the same models.

    Attributes:
        max_body: bytes that a request may have.
        timeout: seconds after which nobody wants the answer to a request.
        health: where the server stands; set from outside when it begins to drain.
        traffic: what went through.
        guard: who lets requests in; None: everybody may ask.
        observer: who watches the inferences, if anybody.
    """

    def __init__(
        self,
        max_body: int,
        paths: Paths = Paths(),  # noqa: B008  it is frozen
        timeout: float = 60,
        kept: Answers | None = None,
        guard: Guard | None = None,
    ) -> None:
        self.max_body, self.timeout, self.guard, self._kept = max_body, timeout, guard, kept
        self.health = Health.STARTING
        self.traffic = Traffic()
        self.observer: Observer | None = None
        self.models = Catalog()
        self._lanes = Lanes("v2_infer", self.traffic, self._answer, _refusal)
        self._routes = {
            "/v2": Route("v2_server", "GET", self._server),
            "/v2/health/live": Route("v2_live", "GET", self._live, is_open=True),
            "/v2/health/ready": Route("v2_ready", "GET", self._ready, is_open=True),
            "/v1/models": Route("v1_models", "GET", self._v1_models),
            "/ping": Route("ping", "GET", self._ping, is_open=True),
            "/invocations": Route("invocations", "POST", self._score, infers=True),
            "/execution-parameters": Route("execution_parameters", "GET", self._execution_parameters),
            "/metrics": Route("metrics", "GET", self._metrics),
            "/feedback": Route("feedback", "POST", self._feedback),
        }
        self._named_routes = {
            ("v2", None): Route("v2_model", "GET", self._v2_model),
            ("v2", "ready"): Route("v2_model_ready", "GET", self._v2_model_ready, is_open=True),
            ("v2", "infer"): Route("v2_infer", "POST", self._v2_infer, infers=True),
            ("v1", None): Route("v1_model", "GET", self._v1_model),
            ("v1", "predict"): Route("v1_predict", "POST", self._v1_predict, infers=True),
        }
        self._no_route = Route("unknown", "", self._unknown)
        self._add(paths.score, Route("score", "POST", self._score, infers=True))
        self._add(paths.live, self._routes["/v2/health/live"])
        self._add(paths.ready, self._routes["/v2/health/ready"])

    def start(self, models: Iterable[Model]) -> None:
        """Serve `models` from now on."""
        self.models.fill(models)
        self.health = Health.READY

    def answer(self, request: Request) -> Awaitable[Response]:
        """Answer and count a request. Never raises: what goes wrong is an answer too."""
        return self._lanes.take(request) or self._answer(request)

    async def carry_out(self, request: Request, route: Route, refuse: Refuse) -> Response:
        """Answer and count a request for `route`, or `refuse` it. Never raises."""
        started = time.perf_counter()
        self.traffic.inflight += 1
        call = self.observer.begin(route.name, request.headers) if self.observer and route.infers else None
        fault = None
        try:
            request.call = call
            if request.problem:
                raise request.problem
            if self.guard and not route.is_open:
                await self.guard.admit(request.header(b"authorization"))
            self._check(route, request)
            response = await route.handler(request)
        except Rejected as rejection:
            fault = rejection.fault
            response = refuse(rejection, route.method)
        except asyncio.CancelledError:
            self.traffic.count(route.name, Fault.ABANDONED.status, time.perf_counter() - started)
            raise
        except Exception:
            names = call.names() if call else context.names(request.headers)
            log.exception("%s %s failed", request.method, request.path, extra=names)
            fault = Fault.INTERNAL
            response = refuse(Rejected(fault, "internal error, see the server's log"), route.method)
        finally:
            self.traffic.inflight -= 1
        if call:
            response.headers = (*response.headers, *call.end(response.status, fault))
        self.traffic.count(route.name, response.status, time.perf_counter() - started)
        return response

    def infer(self, model: Model, asked: Inference, request: Request) -> Awaitable[list[Array]]:
        """What `model` answers, seen by who watches. Every inference passes here."""
        deadline = time.monotonic() + self._patience(request)
        if request.call:
            return request.call.infer(model, asked, deadline)
        return model.infer(asked.feeds, asked.outputs, deadline)

    def families(self) -> list[Family]:
        """Every metric, as it stands."""
        own = server_families(self.traffic, self.health, self.models, self._kept)
        return [*own, *self.observer.families()] if self.observer else own

    def _answer(self, request: Request) -> Coroutine[Any, Any, Response]:
        return self.carry_out(request, self._route(request.path), _refusal)

    def _add(self, paths: Iterable[str], route: Route) -> None:
        for path in paths:
            taken = self._routes.setdefault(path, route)
            if taken.handler != route.handler:
                problem = f"{path} is {taken.name} here and cannot be {route.name} too."
                raise PathTaken(f"{problem}\n  Choose another path for one of them.")

    def _route(self, path: str) -> Route:
        if route := self._routes.get(path):
            return route
        protocol, _, _, verb = _parts(path)
        return self._named_routes.get((protocol, verb), self._no_route)

    def _check(self, route: Route, request: Request) -> None:
        if route.method and request.method != route.method:
            raise Rejected(Fault.METHOD_NOT_ALLOWED, f"{request.path} takes {route.method}")
        if len(request.body) > self.max_body:
            raise too_large(self.max_body)
        if (encoding := request.header(b"content-encoding")) not in ("", "identity"):
            raise Rejected(Fault.UNSUPPORTED_MEDIA_TYPE, f"content encoding {encoding}: send the body as it is")

    async def _unknown(self, request: Request) -> Response:
        raise Rejected(Fault.NOT_FOUND, f"no such path: {request.path}")

    async def _server(self, request: Request) -> Response:
        return _json(server_metadata())

    async def _live(self, request: Request) -> Response:
        return _json({"live": True})

    async def _ready(self, request: Request) -> Response:
        return self._readiness({})

    async def _ping(self, request: Request) -> Response:
        return Response(sagemaker.ping(self.health))

    async def _execution_parameters(self, request: Request) -> Response:
        return Response(200, sagemaker.execution_parameters(self.max_body))

    async def _metrics(self, request: Request) -> Response:
        return Response(200, prometheus.render(self.families()), prometheus.CONTENT_TYPE)

    async def _feedback(self, request: Request) -> Response:
        if not (capture := self.observer and self.observer.capture):
            raise Rejected(Fault.NOT_FOUND, "this server keeps no feedback: start it with --capture")
        if not capture.feedback(feedback.decode(request.body, self.models, capture.max_bytes)):
            raise Rejected(Fault.OVERLOADED, "too many records are waiting to be written", retry_after=1)
        return _json({"accepted": True}, status=202)

    async def _v2_model(self, request: Request) -> Response:
        bundle = self._v2_named(request.path).bundle
        return _json(v2.metadata(bundle, self.models.versions(bundle.name)))

    async def _v2_model_ready(self, request: Request) -> Response:
        return self._readiness({"name": self._v2_named(request.path).bundle.name})

    async def _v2_infer(self, request: Request) -> Response:
        model = self._v2_named(request.path)
        json_size = _json_size(request)
        asked = v2.decode(request.body, model.bundle, json_size)
        arrays = await self.infer(model, asked, request)
        answer = v2.encode(model.bundle, asked, arrays)
        if not (self.guard or self._kept or request.call):
            self._lanes.open(request, Way(model, json_size, self._patience(request)), asked, arrays)
        if answer.json_size is None:
            return Response(200, answer.body)
        return Response(200, answer.body, BYTES, ((JSON_SIZE, str(answer.json_size).encode()),))

    async def _v1_models(self, request: Request) -> Response:
        return _json({"models": self.models.names()})

    async def _v1_model(self, request: Request) -> Response:
        return self._readiness({"name": self._v1_named(request.path).bundle.name})

    async def _v1_predict(self, request: Request) -> Response:
        model = self._v1_named(request.path)
        asked = instances.decode(request.body, model.bundle)
        return Response(200, instances.encode(asked, await self.infer(model, asked, request)))

    async def _score(self, request: Request) -> Response:
        if path := request.header(REDIRECT):
            return await self._redirected(path, request)
        model = self.models.only()
        asked = scoring.decode(request.body, request.header(b"content-type"), request.header(b"accept"), model.bundle)
        arrays = await self.infer(model, asked.inference, request)
        body, content_type = asked.encode(model.bundle, arrays)
        return Response(200, body, content_type, _custom_attributes(request))

    def _patience(self, request: Request) -> float:
        """Seconds for which somebody waits for the answer: a proxy may say that it gives up sooner than we would."""
        patience = self.timeout if request.deadline is None else request.deadline - time.monotonic()
        given = request.headers.get(ENVOY_TIMEOUT)
        if given and given.isdigit() and len(given) < 10:
            patience = min(int(given) / 1000, patience)
        return min(patience, self.timeout)

    async def _redirected(self, path: str, request: Request) -> Response:
        """Another path of ours, through a platform that lets only the scoring path pass."""
        if not REDIRECTED.fullmatch(path):
            raise Rejected(Fault.NOT_FOUND, f"{REDIRECT.decode()}: {path} is no path to redirect to")
        route = self._route(f"/{path}")
        return await route.handler(replace(request, method=route.method, path=f"/{path}", head=None))

    def _readiness(self, content: dict[str, Any]) -> Response:
        ready = self.health is Health.READY
        return _json({**content, "ready": ready}, status=200 if ready else 503)

    def _v2_named(self, path: str) -> Model:
        _, name, version, _ = _parts(path)
        return self.models.named(name, version)

    def _v1_named(self, path: str) -> Model:
        return self.models.named(_parts(path)[1])


@lru_cache(128)
def _parts(path: str) -> tuple[str, str, str | None, str | None]:
    """Of a path with a model's name: the protocol, the name, the version and the verb. Empty, where it is none."""
    if match := V2_PATH.fullmatch(path):
        return "v2", match["name"], match["version"], match["verb"]
    if match := V1_PATH.fullmatch(path):
        return "v1", match["name"], None, match["verb"]
    return "", "", None, None


def too_large(limit: int) -> Rejected:
    """What becomes of a body with more than `limit` bytes."""
    return Rejected(Fault.TOO_LARGE, f"the body has more than {limit} bytes")


def server_metadata() -> dict[str, Any]:
    """The V2 server metadata response."""
    return {
        "name": "modelport-server",
        "version": version("modelport-server"),
        "extensions": v2.EXTENSIONS,
    }


def _json_size(request: Request) -> int | None:
    given = request.header(JSON_SIZE)
    if given and not (given.isascii() and given.isdigit() and len(given) < 20):
        raise Rejected(Fault.MALFORMED, "Inference-Header-Content-Length must be a number of bytes")
    return int(given) if given else None


def _custom_attributes(request: Request) -> tuple[tuple[bytes, bytes], ...]:
    """SageMaker hands a client's attributes to the model and the model's to the client: they are the same here."""
    given = request.header(sagemaker.CUSTOM_ATTRIBUTES)
    return ((sagemaker.CUSTOM_ATTRIBUTES, given.encode()),) if VISIBLE.fullmatch(given) else ()


def _refusal(rejection: Rejected, method: str = "") -> Response:
    fault = rejection.fault
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if rejection.retry_after is not None:
        headers = ((b"retry-after", str(max(rejection.retry_after, 1)).encode()),)
    elif fault is Fault.UNAUTHENTICATED:
        headers = ((b"www-authenticate", b"Bearer"),)
    elif fault is Fault.METHOD_NOT_ALLOWED:
        headers = ((b"allow", method.encode()),)
    return Response(fault.status, orjson.dumps({"error": str(rejection), "code": fault.code}), headers=headers)


def _json(content: dict[str, Any], *, status: int = 200) -> Response:
    return Response(status, orjson.dumps(content))
