"""The metrics that every server has."""

from __future__ import annotations

import resource
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from modelport_server.health import Health
from modelport_server.inference.answers import Answers
from modelport_server.inference.model import Model
from modelport_server.observe.metrics import Family, Labels, Traffic


def server_families(traffic: Traffic, health: Health, models: Iterable[Model], kept: Answers | None) -> list[Family]:
    """What went through, the models, the answers that are kept, and the server itself."""
    return [*_traffic(traffic), *_models(list(models)), *(_kept(kept) if kept else ()), *_server(health), *_process()]


def labels_of(model: Model) -> Labels:
    """What every series of a model carries."""
    return {"model": model.bundle.name, "version": model.bundle.version}


def _traffic(traffic: Traffic) -> list[Family]:
    answered = [({"route": route, "status": status}, count) for (route, status), count in [*traffic.answered.items()]]
    seconds = [({"route": route}, histogram) for route, histogram in [*traffic.seconds.items()]]
    return [
        Family("modelport_requests_total", "counter", "Answers by route and status.", answered),
        Family("modelport_request_duration_seconds", "histogram", "From the whole request to its answer.", seconds),
        Family("modelport_requests_inflight", "gauge", "Requests being answered.", [({}, traffic.inflight)]),
    ]


def _models(models: list[Model]) -> list[Family]:
    named = [(labels_of(model), model) for model in models]
    return [
        Family(
            "modelport_inference_duration_seconds",
            "histogram",
            "Time in onnxruntime per run, of one request or of several joined.",
            [(labels, model.run_seconds) for labels, model in named],
        ),
        Family(
            "modelport_inferences_total",
            "counter",
            "Requests that the model has answered or refused.",
            [(labels, model.inferences) for labels, model in named],
        ),
        Family(
            "modelport_requests_waiting",
            "gauge",
            "Requests that the model has not come to.",
            [(labels, model.waiting) for labels, model in named],
        ),
        Family(
            "modelport_model_info",
            "gauge",
            "The models that serve.",
            [({**labels, "digest": model.bundle.digest}, 1) for labels, model in named],
        ),
        Family(
            "modelport_model_load_seconds",
            "gauge",
            "From reading the files to the right answer to the model's own sample.",
            [(labels, model.load_seconds) for labels, model in named],
        ),
    ]


def _kept(answers: Answers) -> list[Family]:
    results: list[tuple[Labels, float]] = [({"result": "hit"}, answers.hits), ({"result": "miss"}, answers.misses)]
    return [
        Family("modelport_kept_answers_total", "counter", "Requests looked for among kept answers.", results),
        Family("modelport_kept_answers_bytes", "gauge", "Bytes of kept answers.", [({}, answers.size)]),
    ]


def _server(health: Health) -> list[Family]:
    packages = {package: version(package) for package in ("modelport-server", "onnxruntime")}
    build = {package.replace("-", "_"): number for package, number in packages.items()}
    ready = int(health is Health.READY)
    return [
        Family("modelport_ready", "gauge", "1 when the server takes traffic.", [({}, ready)]),
        Family("modelport_build_info", "gauge", "Versions of the server and its runtime.", [(build, 1)]),
    ]


def _process() -> list[Family]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = used.ru_utime + used.ru_stime
    return [
        Family("modelport_cpu_seconds_total", "counter", "CPU time that the server has used.", [({}, seconds)]),
        Family("modelport_memory_bytes", "gauge", "Memory that the server holds.", [({}, _resident(used.ru_maxrss))]),
    ]


def _resident(most_kib: int) -> int:
    """Bytes in memory now, or where the system does not say, the most that there were."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return most_kib * 1024
