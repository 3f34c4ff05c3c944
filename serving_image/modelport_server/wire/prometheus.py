"""What `/metrics` shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version

from modelport_server.answers import Answers
from modelport_server.health import Health
from modelport_server.metrics import Traffic, family, histograms
from modelport_server.model import Model

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render(traffic: Traffic, health: Health, models: Iterable[Model], kept: Answers | None) -> bytes:
    """Every metric of the server in Prometheus text format."""
    models = list(models)
    named = [({"model": model.bundle.name, "version": model.bundle.version}, model) for model in models]
    routes = [({"route": route, "status": status}, count) for (route, status), count in traffic.answered.items()]
    build = {package: version(package) for package in ("modelport-server", "onnxruntime")}
    build = {package.replace("-", "_"): number for package, number in build.items()}
    lines = [
        *family("modelport_requests_total", "counter", "Answers by route and status.", routes),
        *histograms(
            "modelport_request_duration_seconds",
            "From the whole request to its answer.",
            [({"route": route}, seconds) for route, seconds in traffic.seconds.items()],
        ),
        *family("modelport_requests_inflight", "gauge", "Requests being answered.", [({}, traffic.inflight)]),
        *histograms(
            "modelport_inference_duration_seconds",
            "Time in onnxruntime per run, of one request or of several joined.",
            [(labels, model.run_seconds) for labels, model in named],
        ),
        *family(
            "modelport_inferences_total",
            "counter",
            "Requests that the model has answered or refused.",
            [(labels, model.inferences) for labels, model in named],
        ),
        *family(
            "modelport_requests_waiting",
            "gauge",
            "Requests that a model has not come to.",
            [(labels, model.waiting) for labels, model in named],
        ),
        *(_kept(kept) if kept else ()),
        *family(
            "modelport_model_info",
            "gauge",
            "The models that serve.",
            [({**labels, "digest": model.bundle.digest}, 1) for labels, model in named],
        ),
        *family(
            "modelport_model_load_seconds",
            "gauge",
            "From reading the files to the right answer to the model's own sample.",
            [(labels, model.load_seconds) for labels, model in named],
        ),
        *family("modelport_ready", "gauge", "1 when the server takes traffic.", [({}, int(health is Health.READY))]),
        *family("modelport_build_info", "gauge", "Versions of the server and its runtime.", [(build, 1)]),
    ]
    return ("\n".join(lines) + "\n").encode()


def _kept(answers: Answers) -> Iterator[str]:
    results = [({"result": "hit"}, answers.hits), ({"result": "miss"}, answers.misses)]
    yield from family("modelport_kept_answers_total", "counter", "Requests looked for among kept answers.", results)
    yield from family("modelport_kept_answers_bytes", "gauge", "Bytes of kept answers.", [({}, answers.size)])
