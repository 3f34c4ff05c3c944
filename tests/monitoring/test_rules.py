import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from modelport.monitoring import alert_rules, objectives
from modelport.monitoring.prometheus import INFERENCE_ROUTES, SERVER_BUCKETS, rules_file
from modelport.spec import ModelSpec
from modelport_server.app import Application
from modelport_server.observe.metrics import BUCKETS


def service(**sections):
    return ModelSpec.model_validate({"metadata": {"name": "fraud"}, "model": {"source": "fraud.onnx"}, **sections})


def test_each_objective_gets_two_pages_and_a_ticket():
    rules = alert_rules(service(slo={"availability": 99.9, "latency": {"p99": "50ms"}}))
    assert [(rule.objective.name, rule.burn_rate.severity) for rule in rules] == [
        ("availability", "page"),
        ("availability", "page"),
        ("availability", "ticket"),
        ("latency-p99", "page"),
        ("latency-p99", "page"),
        ("latency-p99", "ticket"),
    ]


def test_the_limit_of_an_alert_is_the_budget_times_the_burn_rate():
    fastest = alert_rules(service(slo={"availability": 99.9}))[0]
    assert fastest.bad_share == pytest.approx(0.001 * 14.4)
    assert fastest.summary == (
        "fraud: availability of 99.9 % is missed 14.4 times faster than its budget allows, over 1h"
    )


def test_switched_off_alerts_give_no_rules():
    assert alert_rules(service(monitoring={"alerts": {"enabled": False}})) == ()


@given(st.floats(50, 99.999))
def test_no_alert_waits_for_more_bad_requests_than_there_are(availability):
    assert all(rule.bad_share < 1 for rule in alert_rules(service(slo={"availability": availability})))


def test_a_latency_objective_counts_answers_within_its_time():
    found = {objective.name: objective.within for objective in objectives(service(slo={"latency": {"p95": "20ms"}}))}
    assert found == {"availability": None, "latency-p95": 0.02}


def test_the_prometheus_file_names_only_series_that_the_server_exports():
    text = rules_file(alert_rules(service(slo={"latency": {"p99": "60ms"}})))
    rule = YAML(typ="safe").load(text)["groups"][0]["rules"][-1]
    assert (
        'modelport_request_duration_seconds_bucket{job="fraud",route=~"invocations|score|v2_infer|v1_predict|grpc_ModelInfer",le="0.05"}[3d]'
        in rule["expr"]
    )
    assert rule["labels"] == {"severity": "ticket", "service": "fraud", "objective": "latency-p99"}


def test_what_rules_may_name_is_what_the_server_counts():
    assert tuple(str(bound) for bound in BUCKETS) == SERVER_BUCKETS
    server = Application(max_body=1)
    http = (*server._routes.values(), *server._named_routes.values())
    assert (*(route.name for route in http if route.infers), "grpc_ModelInfer") == INFERENCE_ROUTES
