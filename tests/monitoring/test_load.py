"""What autoscalers ask of Prometheus, as promtool answers it over series that it is given."""

import subprocess

import pytest
from ruamel.yaml import YAML

from modelport.monitoring.prometheus.load import in_flight, requests_per_second, waiting
from modelport.monitoring.prometheus.scrape import Scrape

SCRAPE, BLUE = Scrape.of_pods("fraud", "ml"), 'pod=~"fraud-dev-blue-.+"'


def of(pod, **more):
    labels = {"job": "fraud", "namespace": "ml", "pod": pod, **more}
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def requests(pod, route="v2_infer"):
    return "modelport_requests_total" + of(pod, route=route, status="200")


def inflight(pod):
    return "modelport_requests_inflight" + of(pod)


def waits(pod):
    return "modelport_requests_waiting" + of(pod, model="fraud", version="1")


CASES = {
    "the rate of all pods of the version": (
        requests_per_second,
        {requests("fraud-dev-blue-1"): "0+300x40", requests("fraud-dev-blue-2"): "0+150x40"},
        30,
    ),
    "not that of another version": (
        requests_per_second,
        {requests("fraud-dev-blue-1"): "0+300x40", requests("fraud-dev-green-1"): "0+300x40"},
        20,
    ),
    "not that of scrapes and probes": (
        requests_per_second,
        {requests("fraud-dev-blue-1"): "0+15x40", requests("fraud-dev-blue-1", "metrics"): "0+300x40"},
        1,
    ),
    "requests in flight of all pods, but for the scrapes": (
        in_flight,
        {inflight(f"fraud-dev-blue-{each}"): "5+0x40" for each in "12"},
        8,
    ),
    "nothing in flight": (in_flight, {inflight("fraud-dev-blue-1"): "1+0x40"}, 0),
    "the rate, where some pods have had no request yet": (
        requests_per_second,
        {requests("fraud-dev-blue-1"): "0+300x40", **{inflight(f"fraud-dev-blue-{each}"): "1+0x40" for each in "12"}},
        20,
    ),
    "no rate, where no pod has had a request yet": (requests_per_second, {inflight("fraud-dev-blue-1"): "1+0x40"}, 0),
    "no answer about requests, where pods are no longer scraped": (
        requests_per_second,
        {requests("fraud-dev-blue-1"): "0+300x20 stale", inflight("fraud-dev-blue-1"): "5+0x20 stale"},
        None,
    ),
    "no answer about requests, where other pods are scraped": (
        requests_per_second,
        {requests("fraud-dev-green-1"): "0+300x40", inflight("fraud-dev-green-1"): "5+0x40"},
        None,
    ),
    "no answer about those in flight, where pods are no longer scraped": (
        in_flight,
        {inflight("fraud-dev-blue-1"): "5+0x31 stale"},
        None,
    ),
    "requests that wait in all pods": (
        waiting,
        {
            "modelport_requests_waiting" + of(f"fraud-dev-blue-{each}", model="fraud", version="1"): "7+0x40"
            for each in "12"
        },
        14,
    ),
    "no answer about those that wait, where no pod is scraped": (waiting, {}, None),
    "no answer about those in flight, where no pod is scraped": (in_flight, {}, None),
}


@pytest.mark.program("promtool")
@pytest.mark.parametrize("case", CASES)
def test_prometheus_gives_what_is_asked(tmp_path, case):
    ask, series, expected = CASES[case]
    samples = [] if expected is None else [{"labels": "{}", "value": expected}]
    test = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": ask(SCRAPE, BLUE), "eval_time": "8m", "exp_samples": samples}],
    }
    file = tmp_path / "test.yaml"
    with file.open("w") as stream:
        YAML(typ="safe").dump({"evaluation_interval": "15s", "tests": [test]}, stream)
    ran = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
