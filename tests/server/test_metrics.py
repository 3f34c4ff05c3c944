import re
from pathlib import Path

import numpy as np
import psutil
import pytest
from onnx import TensorProto, helper
from support import models

from modelport.bundle import build, make_baseline
from modelport_server.health import Health
from modelport_server.inference.answers import Answers
from modelport_server.inference.model import Execution, Model
from modelport_server.observe import prometheus
from modelport_server.observe.metrics import Family, Histogram

BODY = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]}


README = (Path(__file__).parents[2] / "serving_image" / "README.md").read_text()


@pytest.fixture
def scrape(ask):
    def scrape():
        response, _ = ask("/metrics")
        assert response.content_type.startswith("text/plain; version=0.0.4")
        lines = (line for line in response.body.decode().splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    return scrape


def test_answers_are_counted_by_route_and_status(ask, scrape):
    for _ in range(3):
        ask("/v2/models/scale/infer", BODY)
    ask("/v2/models/scale/infer", {})
    ask("/nowhere/1")
    ask("/nowhere/2")
    values = scrape()
    assert values['modelport_requests_total{route="v2_infer",status="200"}'] == 3
    assert values['modelport_requests_total{route="v2_infer",status="400"}'] == 1
    assert values['modelport_requests_total{route="unknown",status="404"}'] == 2
    assert values['modelport_request_duration_seconds_count{route="v2_infer"}'] == 4
    assert values['modelport_inference_duration_seconds_count{model="scale",version="1"}'] == 3


def test_the_model_and_the_versions_are_named(ask, scrape):
    values = scrape()
    digest = ask.app.models.named("scale").bundle.digest
    assert values[f'modelport_model_info{{model="scale",version="1",digest="{digest}"}}'] == 1
    assert values['modelport_model_load_seconds{model="scale",version="1"}'] > 0
    assert any(name.startswith('modelport_build_info{modelport_server="') for name in values)


def test_readiness_and_requests_in_flight_are_gauges(ask, scrape):
    assert (scrape()["modelport_ready"], scrape()["modelport_requests_inflight"]) == (1, 1)
    ask.app.health = Health.DRAINING
    assert scrape()["modelport_ready"] == 0


def test_the_server_says_what_it_uses(scrape):
    before = scrape()
    sum(range(3_000_000))  # some work for the same process
    after = scrape()
    assert after["modelport_cpu_seconds_total"] > before["modelport_cpu_seconds_total"] > 0
    assert after["modelport_memory_bytes"] == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)


def test_a_name_says_its_unit_also_of_a_counter():
    units = {name: Family(name, "counter", "text", []).unit for name in ("a_seconds_total", "a_bytes", "a_total")}
    assert units == {"a_seconds_total": "seconds", "a_bytes": "bytes", "a_total": ""}


def test_a_histogram_counts_cumulatively_up_to_infinity():
    histogram = Histogram()
    for seconds in (0.0001, 0.0002, 3.0, 1000.0):
        histogram.observe(seconds)
    lines = prometheus.render([Family("t", "histogram", "text", [({}, histogram)])]).decode().splitlines()
    assert 't_bucket{le="0.0001"} 1' in lines
    assert 't_bucket{le="0.00025"} 2' in lines
    assert 't_bucket{le="60.0"} 3' in lines
    assert lines[-3:] == ['t_bucket{le="+Inf"} 4', "t_sum 1003.0003", "t_count 4"]


def test_labels_are_escaped():
    text = prometheus.render([Family("n", "gauge", "text", [({"a": 'x"\\\n'}, 1)])]).decode()
    assert text.splitlines()[-1] == 'n{a="x\\"\\\\\\n"} 1'


def test_the_readme_lists_exactly_what_there_is(watch, tmp_path):
    node = helper.make_node("Softmax", ["x"], ["p"])
    shape = ["n", 3]
    model = models.make([node], [("x", TensorProto.FLOAT, shape)], [("p", TensorProto.FLOAT, shape)])
    build(models.save(model, tmp_path / "m.onnx"), tmp_path / "m", name="scale")
    np.save(tmp_path / "data.npy", np.random.default_rng(1).normal(size=(200, 3)).astype(np.float32))
    make_baseline(tmp_path / "m", tmp_path / "data.npy")
    kept = Answers(1000)
    model = Model.load(tmp_path / "m", execution=Execution(answers=kept))
    ask = watch(model, capture=str(tmp_path / "c"), drift=1.0)
    ask.app._kept = kept
    for _ in range(100):
        ask("/v2/models/scale/infer", BODY)
    ask("/feedback", {"inference_id": "a", "label": 1})
    watch.close()
    text = ask("/metrics")[0].body.decode()
    assert shown(text) == documented()


def documented():
    """Each metric of the README: its type and its labels."""
    rows = re.findall(r"^\| `(modelport_\w+)` \| (\w+) \|([^|]*)\| [^|]+ \|$", README, re.MULTILINE)
    return {name: (kind, tuple(filter(None, labels.strip().split(", ")))) for name, kind, labels in rows}


def shown(text):
    """Each metric of a scrape: its type and the labels of all its series, of which there must be one."""
    found = {}
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        series = re.findall(rf"^{name}(?:_bucket|_sum|_count)?(?:{{(.*)}})? \S+$", text, re.MULTILINE)
        labels = {tuple(re.findall(r'(\w+)="', each)) for each in series}
        (found[name],) = {(kind, tuple(name for name in each if name != "le")) for each in labels}
    return found
