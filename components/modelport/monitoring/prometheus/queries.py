"""What is read of a service, in PromQL over the metrics that every modelport server exports."""

import json
from collections.abc import Callable

from modelport.monitoring.objectives import Objective
from modelport.monitoring.readings import Reading, Signal

from .scrape import Scrape, matching

SERVER_BUCKETS = (
    *("0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05"),
    *("0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "60.0"),
)
"""Upper bounds, in seconds, of the server's latency histogram, as it writes them in the `le` label."""

INFERENCE_ROUTES = ("invocations", "score", "v2_infer", "v1_predict", "grpc_ModelInfer")

ROUTES = f'route=~"{"|".join(INFERENCE_ROUTES)}"'
STATUS_BAD = 'status=~"5.."'
STATUS_TURNED_AWAY = 'status="429"'

REQUESTS = "modelport_requests_total"
DURATION = "modelport_request_duration_seconds"
RUNS = "modelport_inference_duration_seconds"

FIRST_SEEN = "modelport:model_first_seen:timestamp_seconds"
"""When each model that serves was first seen here; see `first_seen`."""

NO_GAP = "7d"
"""How long Prometheus may be away without forgetting when it first saw a model."""


def query(reading: Reading, scrape: Scrape) -> str | None:
    """The expression that gives a reading; None where Prometheus has no such series."""
    return QUERIES[reading.signal](reading, scrape)


def recorded(reading: Reading) -> str | None:
    """The name under which a reading is recorded; None where it is asked for anew each time."""
    if reading.signal not in (Signal.BAD_SHARE, Signal.BAD_REQUESTS):
        return None
    return f"modelport:{reading.signal}:over_{reading.window}"


def first_seen(scrape: Scrape) -> str:
    """The expression that is recorded as `FIRST_SEEN`: what it was before, or now for a model not seen before."""
    serving = f"group by (digest) ({scrape.series('modelport_model_info')})"
    before = f"min by (digest) (min_over_time({_first_seen(scrape)}[{NO_GAP}]))"
    return f"({before} and on (digest) {serving}) or on (digest) ({serving} * time())"


def _requests(reading: Reading, scrape: Scrape, *matchers: str) -> str:
    return _or_zero(f"sum({_over('increase', REQUESTS, reading, scrape, *matchers)})")


def _bad(function: str, reading: Reading, scrape: Scrape) -> str:
    objective = _objective(reading)
    if objective.within is None:
        return _or_zero(f"sum({_over(function, REQUESTS, reading, scrape, STATUS_BAD)})")
    all_ = f"sum({_over(function, f'{DURATION}_count', reading, scrape)})"
    return f"({all_} - sum({_over(function, f'{DURATION}_bucket', reading, scrape, _good(objective))}))"


def _bad_share(reading: Reading, scrape: Scrape) -> str:
    metric = REQUESTS if _objective(reading).within is None else f"{DURATION}_count"
    return f"({_bad('rate', reading, scrape)} / sum({_over('rate', metric, reading, scrape)}))"


def _budget_left(reading: Reading, scrape: Scrape) -> str:
    return f"(1 - {_bad_share(reading, scrape)} / {_objective(reading).error_budget:g})"


def _turned_away_share(reading: Reading, scrape: Scrape) -> str:
    away = _or_zero(f"sum({_over('rate', REQUESTS, reading, scrape, STATUS_TURNED_AWAY)})")
    return f"({away} / sum({_over('rate', REQUESTS, reading, scrape)}))"


def _latency(reading: Reading, scrape: Scrape) -> str:
    buckets = _over("rate", f"{DURATION}_bucket", reading, scrape)
    return f"histogram_quantile({reading.quantile}, sum by (le) ({buckets}))"


def _model_latency(reading: Reading, scrape: Scrape) -> str:
    buckets = f"rate({scrape.series(f'{RUNS}_bucket')}[{reading.window}])"
    return f"histogram_quantile({reading.quantile}, sum by (le) ({buckets}))"


def _in_flight(reading: Reading, scrape: Scrape) -> str:
    """The scrape is itself a request that is being answered."""
    return f"(avg(avg_over_time({scrape.series('modelport_requests_inflight')}[{reading.window}])) - 1)"


def _waiting(reading: Reading, scrape: Scrape) -> str:
    waiting = f"sum(avg_over_time({scrape.series('modelport_requests_waiting')}[{reading.window}]))"
    return f"({waiting} / count({scrape.series('modelport_ready')}))"


def _cpu(reading: Reading, scrape: Scrape) -> str:
    return f"(avg(rate({scrape.series('modelport_cpu_seconds_total')}[{reading.window}])) / {reading.granted:g})"


def _memory(reading: Reading, scrape: Scrape) -> str:
    return f"(max({scrape.series('modelport_memory_bytes')}) / {reading.granted:.0f})"


def _accelerator(reading: Reading, scrape: Scrape) -> str | None:
    if scrape.pods is None:
        return None
    return f"(avg({_of_node('DCGM_FI_DEV_GPU_UTIL', scrape)}) / 100)"


def _accelerator_memory(reading: Reading, scrape: Scrape) -> str | None:
    if scrape.pods is None:
        return None
    used, free = (_of_node(f"DCGM_FI_DEV_FB_{kind}", scrape) for kind in ("USED", "FREE"))
    return f"max({used} / ({used} + {free}))"


def _first_seen(scrape: Scrape) -> str:
    return f"{FIRST_SEEN}{{{','.join(matching(scrape.names))}}}"


def _model_age(reading: Reading, scrape: Scrape) -> str:
    return f"max(time() - {_first_seen(scrape)})"


def _drift(reading: Reading, scrape: Scrape) -> str:
    return f"avg by (version, side, feature) ({scrape.series('modelport_drift_psi')})"


def _or_zero(expression: str) -> str:
    """A status that was never answered has no series."""
    return f"({expression} or vector(0))"


def _over(function: str, metric: str, reading: Reading, scrape: Scrape, *matchers: str) -> str:
    """A function over a window of the series of requests that may run a model."""
    ago = f" offset {reading.ago}" if reading.ago else ""
    return f"{function}({scrape.series(metric, ROUTES, *matchers)}[{reading.window}]{ago})"


def _of_node(metric: str, scrape: Scrape) -> str:
    """dcgm-exporter names the pod; a Prometheus that keeps these labels for its own targets renames them."""
    pod = f"namespace={json.dumps(scrape.namespace)},pod=~{json.dumps(scrape.pods)}"
    renamed = f"exported_namespace={json.dumps(scrape.namespace)},exported_pod=~{json.dumps(scrape.pods)}"
    return f"({metric}{{{pod}}} or {metric}{{{renamed}}})"


def _good(objective: Objective) -> str:
    """The last bucket that holds only answers within the objective: an alert may come early, never late."""
    held = [bound for bound in SERVER_BUCKETS if float(bound) <= (objective.within or 0)]
    return f'le="{max(held, key=float, default=SERVER_BUCKETS[0])}"'


def _objective(reading: Reading) -> Objective:
    assert reading.objective is not None, f"{reading.signal} is of an objective"
    return reading.objective


QUERIES: dict[Signal, Callable[[Reading, Scrape], str | None]] = {
    Signal.REQUESTS: _requests,
    Signal.BAD_REQUESTS: lambda reading, scrape: _bad("increase", reading, scrape),
    Signal.BAD_SHARE: _bad_share,
    Signal.BUDGET_LEFT: _budget_left,
    Signal.TURNED_AWAY: lambda reading, scrape: _requests(reading, scrape, STATUS_TURNED_AWAY),
    Signal.TURNED_AWAY_SHARE: _turned_away_share,
    Signal.RATE: lambda reading, scrape: f"sum by (status) ({_over('rate', REQUESTS, reading, scrape)})",
    Signal.LATENCY: _latency,
    Signal.MODEL_LATENCY: _model_latency,
    Signal.IN_FLIGHT: _in_flight,
    Signal.WAITING: _waiting,
    Signal.CPU: _cpu,
    Signal.MEMORY: _memory,
    Signal.ACCELERATOR: _accelerator,
    Signal.ACCELERATOR_MEMORY: _accelerator_memory,
    Signal.INSTANCES: lambda _, scrape: _or_zero(f"count({scrape.series('up')})"),
    Signal.READY: lambda _, scrape: _or_zero(f"sum({scrape.series('modelport_ready')})"),
    Signal.MODELS: lambda _, scrape: f"count by (version, digest) ({scrape.series('modelport_model_info')})",
    Signal.MODEL_AGE: _model_age,
    Signal.DRIFT: _drift,
    Signal.DRIFT_ROWS: lambda _, scrape: f"sum({scrape.series('modelport_drift_rows')})",
}
