import pytest

from modelport_server.health import Health
from modelport_server.metrics import Histogram, family, histograms

BODY = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]}


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


def test_a_histogram_counts_cumulatively_up_to_infinity():
    histogram = Histogram()
    for seconds in (0.0001, 0.0002, 3.0, 1000.0):
        histogram.observe(seconds)
    lines = list(histograms("t", "text", [({}, histogram)]))
    assert 't_bucket{le="0.0001"} 1' in lines
    assert 't_bucket{le="0.00025"} 2' in lines
    assert 't_bucket{le="60.0"} 3' in lines
    assert lines[-3:] == ['t_bucket{le="+Inf"} 4', "t_sum 1003.0003", "t_count 4"]


def test_labels_are_escaped():
    assert list(family("n", "gauge", "text", [({"a": 'x"\\\n'}, 1)]))[-1] == 'n{a="x\\"\\\\\\n"} 1'
