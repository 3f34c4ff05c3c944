"""What rules and dashboards read is what a real server exports."""

import re
import subprocess

import numpy as np
import pytest
from onnx import TensorProto, helper
from support import models
from support.server import Server
from support.services import WATCHED, service

from modelport.bundle import build, make_baseline
from modelport.monitoring import Signal, alert_rules, dashboard
from modelport.monitoring.prometheus.grafana import to_dashboard
from modelport.monitoring.prometheus.queries import QUERIES
from modelport.monitoring.prometheus.rules import rule_group
from modelport.monitoring.prometheus.scrape import Scrape

SPEC = service(**WATCHED)
GIVEN_BY_PROMETHEUS = {"job", "namespace", "service", "objective"}
"""Labels of the target, and of what rules record."""

OF_OTHERS = ("up", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE")
"""Metrics of Prometheus itself, and of NVIDIA's dcgm-exporter."""


@pytest.fixture(scope="module")
def scraped(tmp_path_factory):
    """What Prometheus gets of a server that has answered and measures drift."""
    folder = tmp_path_factory.mktemp("served")
    node = helper.make_node("Softmax", ["x"], ["p"])
    model = models.make([node], [("x", TensorProto.FLOAT, ["n", 3])], [("p", TensorProto.FLOAT, ["n", 3])])
    build(models.save(model, folder / "m.onnx"), folder / "m")
    np.save(folder / "data.npy", np.random.default_rng(1).normal(size=(200, 3)).astype(np.float32))
    make_baseline(folder / "m", folder / "data.npy")
    rows = {"name": "x", "datatype": "FP32", "shape": [200, 3], "data": [0.5] * 600}
    server = Server("--http-port", 0, "--model", folder / "m", "--drift", "1")
    try:
        with server.client() as client:
            assert client.post("/v2/models/m/infer", json={"inputs": [rows]}).status_code == 200
            text = ""
            while "modelport_drift_psi{" not in text:  # counted once a second
                text = client.get("/metrics").text
    finally:
        server.kill()
    return text


@pytest.fixture(scope="module")
def exported(scraped):
    """Each of its metrics, with the values of each of its labels."""
    found = {}
    for name, labels in re.findall(r"^(\w+)(?:{(.*)})? \S+$", scraped, re.MULTILINE):
        for label, value in re.findall(r'(\w+)="([^"]*)"', labels):
            found.setdefault(name, {}).setdefault(label, set()).add(value)
        found.setdefault(name, {})
    return found


def expressions():
    """Every expression, for pods and for a job outside of Kubernetes."""
    for scrape in (Scrape.of_pods("fraud", "ml"), Scrape.of_job("fraud")):
        yield from (rule["expr"] for rule in rule_group(alert_rules(SPEC), scrape)["rules"])
        board = to_dashboard("fraud", "fraud", dashboard(SPEC), scrape)
        yield from (target["expr"] for panel in board["panels"] for target in panel.get("targets", ()))


def test_every_metric_and_label_that_is_read_is_exported(exported):
    read = {each for expression in expressions() for each in re.findall(r"([\w:]+)\{([^}]*)\}", expression)}
    ours = [(metric, labels) for metric, labels in read if ":" not in metric and metric not in OF_OTHERS]
    assert len({metric for metric, _ in ours}) >= 12
    for metric, labels in ours:
        assert metric in exported
        for label, how, value in re.findall(r'(\w+)(=~|=)"([^"]*)"', labels):
            if label not in GIVEN_BY_PROMETHEUS:
                assert label in exported[metric], f"{metric} has no label {label}"
            if label in ("le", "route"):
                assert any(
                    re.fullmatch(value if how == "=~" else re.escape(value), each) for each in exported[metric][label]
                )


def test_what_is_grouped_by_is_a_label_of_what_is_read(exported):
    grouped = re.findall(r"by \(([\w, ]+)\) \((?:\w+\()?(\w+)\{", "\n".join(expressions()))
    assert {metric for _, metric in grouped} >= {
        "modelport_drift_psi",
        "modelport_model_info",
        "modelport_requests_total",
    }
    for labels, metric in grouped:
        if metric != "min_over_time":
            assert set(labels.split(", ")) <= set(exported[metric]), metric


@pytest.mark.program("promtool")
def test_prometheus_has_nothing_to_say_against_the_metrics(scraped):
    ran = subprocess.run(["promtool", "check", "metrics"], input=scraped, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_what_is_recorded_is_what_alerts_and_dashboards_read():
    for scrape in (Scrape.of_pods("fraud", "ml"), Scrape.of_job("fraud")):
        rules = rule_group(alert_rules(SPEC), scrape)["rules"]
        recorded = {rule["record"] for rule in rules if "record" in rule}
        read = {name for rule in rules if "alert" in rule for name in re.findall(r"modelport:\w+:\w+", rule["expr"])}
        assert read == recorded


def test_every_signal_can_be_read():
    assert set(QUERIES) == set(Signal)
