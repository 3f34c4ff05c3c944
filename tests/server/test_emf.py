"""Metrics in CloudWatch's embedded metric format."""

import argparse
import json

import pytest

from modelport_server.observe.emf import Emf
from modelport_server.observe.metrics import Family, Histogram
from modelport_server.observe.options import namespace


class Lines:
    def __init__(self):
        self.text = b""

    def write(self, lines):
        self.text += lines

    def take(self):
        text, self.text = self.text, b""
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def written():
    """What is written of families, for one writer that is asked again and again."""
    families, lines = [], Lines()
    emf = Emf(lambda: families, lines, clock=lambda: 1234.5)

    def written(*given):
        families[:] = given
        emf.write()
        return lines.take()

    return written


def counter(value, **labels):
    return Family("c_total", "counter", "", [(labels, value)])


def test_a_service_may_have_a_namespace_of_its_own():
    lines = Lines()
    Emf(lambda: [counter(3)], lines, "modelport/fraud-dev").write()
    (directive,) = lines.take()[0]["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "modelport/fraud-dev"


@pytest.mark.parametrize("text", ["", "AWS/SageMaker", "two words", "x" * 256])
def test_what_is_no_namespace_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is no namespace"):
        namespace(text)


def test_a_line_has_the_metrics_of_one_set_of_labels(written):
    gauge = Family("g_seconds", "gauge", "", [({"model": "m", "status": 200}, 1.5)])
    (line,) = written(gauge, counter(3, model="m", status=200))
    assert line == {
        "_aws": {
            "Timestamp": 1_234_500,
            "CloudWatchMetrics": [
                {
                    "Namespace": "modelport",
                    "Dimensions": [["model", "status"]],
                    "Metrics": [{"Name": "g_seconds", "Unit": "Seconds"}, {"Name": "c_total", "Unit": "Count"}],
                }
            ],
        },
        "model": "m",
        "status": "200",
        "g_seconds": 1.5,
        "c_total": 3,
    }


def test_counters_are_what_came_since_the_last_time(written):
    assert [written(counter(value))[0]["c_total"] for value in (3, 10, 10)] == [3, 7, 0]


def test_histograms_are_what_came_since_the_last_time_and_nothing_where_nothing_came(written):
    histogram = Histogram((1.0, 2.0))
    family = Family("h_seconds", "histogram", "", [({}, histogram)])
    assert written(family) == []
    for value in (0.5, 0.5, 1.5, 9):
        histogram.observe(value)
    assert written(family)[0]["h_seconds"] == {
        "Values": [1.0, 2.0], "Counts": [2, 2], "Min": 1.0, "Max": 2.0, "Count": 4, "Sum": 11.5,
    }  # fmt: skip
    assert written(family) == []
    histogram.observe(0.25)
    assert written(family)[0]["h_seconds"]["Counts"] == [1]
    assert histogram.counts == [3, 1, 1]


def test_a_directive_has_at_most_100_metrics(written):
    lines = written(*(Family(f"m{number}", "gauge", "", [({}, number)]) for number in range(250)))
    assert [len(line["_aws"]["CloudWatchMetrics"][0]["Metrics"]) for line in lines] == [100, 100, 50]
    assert all(line[f"m{number}"] == number for line, number in zip(lines, (0, 100, 200), strict=True))


def test_dimensions_are_what_cloudwatch_takes(written):
    labels = {"empty": "", "blank": " ", "é": "ü", "long": "x" * 2000, **{f"d{n}": n for n in range(40)}}
    (line,) = written(Family("g", "gauge", "", [(labels, 1)]))
    (names,) = line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert len(names) == 30
    assert not {"empty", "blank"} & set(names)
    assert all(line[name].isascii() and 0 < len(line[name]) <= 1024 for name in names)


def test_what_never_changes_is_not_written(written):
    assert written(Family("modelport_model_info", "gauge", "", [({"digest": "x"}, 1)])) == []


def test_a_server_writes_its_metrics_and_a_last_time_when_it_drains(start, bundles):
    server = start("--model", bundles / "twice", "--emf", "3600")
    entry = {"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}
    with server.client() as client:
        for _ in range(7):
            client.post("/v2/models/scale/infer", json={"inputs": [entry]})
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.process.stdout]
    (answered,) = [line for line in lines if line.get("route") == "v2_infer" and "status" in line]
    assert answered["modelport_requests_total"] == 7
    (model,) = [line for line in lines if line.get("model") == "scale"]
    assert sum(model["modelport_inference_duration_seconds"]["Counts"]) == 7
    assert all(line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "modelport" for line in lines)
