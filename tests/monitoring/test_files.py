"""The files for Prometheus, Alertmanager and Grafana."""

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from support.services import WATCHED, service

from modelport.monitoring.prometheus.files import files, unheard
from modelport.monitoring.prometheus.queries import INFERENCE_ROUTES, SERVER_BUCKETS
from modelport_server.app import Application
from modelport_server.observe.metrics import BUCKETS

NAMES = ["fraud.rules.yaml", "fraud.dashboard.json", "alertmanager.yaml"]


def load(text):
    return YAML(typ="safe").load(text)


def rules(spec):
    (group,) = load(files([spec], "prod")[f"{spec.metadata.name}.rules.yaml"])["groups"]
    return group["rules"]


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_as_committed(name, golden):
    golden(name, files([service(**WATCHED)], "prod")[name])


def test_the_same_services_give_the_same_files_in_the_same_order():
    specs = [service(**WATCHED), service("vision")]
    assert list(files(specs, "prod").items()) == list(files(specs, "prod").items())
    assert list(files(specs, "prod")) == [
        *NAMES[:2],
        "vision.rules.yaml",
        "vision.dashboard.json",
        "alertmanager.yaml",
    ]


def test_the_last_bucket_within_an_objective_counts_as_good():
    recorded = [rule for rule in rules(service(slo={"latency": {"p99": "60ms"}})) if "record" in rule]
    (short,) = (rule for rule in recorded if rule["record"].endswith("share:over_5m") and "99" in str(rule["labels"]))
    assert 'le="0.05"}[5m]' in short["expr"]


def test_what_rules_may_name_is_what_the_server_counts():
    assert tuple(str(bound) for bound in BUCKETS) == SERVER_BUCKETS
    server = Application(max_body=1)
    http = (*server._routes.values(), *server._named_routes.values())
    assert (*(route.name for route in http if route.infers), "grpc_ModelInfer") == INFERENCE_ROUTES


def test_outside_of_kubernetes_nothing_is_said_of_accelerators():
    found = files([service(**WATCHED)], "prod")
    assert "DCGM" not in "".join(found.values())
    assert "ModelportAcceleratorMemoryHigh" not in found["fraud.rules.yaml"]


def test_switched_off_alerts_leave_the_dashboard():
    off = service(monitoring={"alerts": {"enabled": False, "notify": ["a@example.com"]}})
    found = files([off], "prod")
    assert list(found) == ["fraud.rules.yaml", "fraud.dashboard.json"]
    assert load(found["fraud.rules.yaml"]) == {"groups": []}


def test_who_has_nobody_to_tell_gets_no_routes():
    assert "alertmanager.yaml" not in files([service()], "prod")
    topic = service(monitoring={"alerts": {"notify": ["arn:aws:sns:eu-west-1:1:alarms"]}})
    assert "alertmanager.yaml" not in files([topic], "prod")
    arn = "arn:aws:sns:eu-west-1:1:alarms"
    assert unheard([topic], "a/b", arn) == [("fraud: monitoring.alerts.notify", arn), ("modelport:existing.topic", arn)]


def test_a_topic_of_the_stack_hears_of_every_services_alerts():
    found = files([service(), service("vision")], "prod", "docs/runbooks", "https://example.com/hook")
    routes = load(found["alertmanager.yaml"])
    assert [each["receiver"] for each in routes["route"]["routes"]] == ["modelport-fraud", "modelport-vision"]
    assert all(each["webhook_configs"] == [{"url": "https://example.com/hook"}] for each in routes["receivers"][1:])


def test_every_alert_is_named_after_its_runbook():
    for rule in rules(service(**WATCHED)):
        if "alert" in rule:
            page = rule["annotations"]["runbook_url"].removeprefix("docs/runbooks/").removesuffix(".md")
            assert rule["alert"] == "Modelport" + "".join(word.title() for word in page.split("-"))
            assert rule["labels"]["severity"] in ("page", "ticket")


def test_links_go_to_where_the_runbooks_are():
    found = files([service()], "prod", runbooks="https://wiki.example.com/run/")["fraud.rules.yaml"]
    assert "runbook_url: https://wiki.example.com/run/service-down.md" in found


@pytest.mark.program("promtool")
@given(
    st.floats(50, 99.999),
    st.lists(st.integers(1, 3_600_000), min_size=3, max_size=3).map(sorted),
    st.integers(1, 1000),
    st.floats(0.1, 192),
)
def test_prometheus_takes_the_rules_of_any_service(tmp_path_factory, availability, times, concurrency, cpu):
    latency = dict(zip(("p50", "p95", "p99"), (f"{time}ms" for time in times), strict=True))
    spec = service(
        **WATCHED | {"slo": {"availability": availability, "latency": latency}, "request": {"concurrency": concurrency},
                     "compute": {"cpu": cpu}}
    )  # fmt: skip
    file = tmp_path_factory.getbasetemp() / "any.rules.yaml"
    file.write_text(files([spec], "prod")["fraud.rules.yaml"])
    ran = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True)
    assert (ran.returncode, "duplicate" in ran.stdout) == (0, False), ran.stdout + ran.stderr


@pytest.mark.program("amtool")
def test_alertmanager_takes_the_routes_with_its_own_post_office(tmp_path):
    notify = ["ml@example.com", "https://example.com/hook"]
    spec = service(monitoring={"alerts": {"notify": notify}})
    routes = load(files([spec, service("vision")], "prod")["alertmanager.yaml"])
    post = {"smtp_smarthost": "mail.example.com:587", "smtp_from": "alerts@example.com"}
    (tmp_path / "alertmanager.yaml").write_text(json.dumps({"global": post, **routes}))
    config = f"--config.file={tmp_path / 'alertmanager.yaml'}"
    checked = subprocess.run(["amtool", "check-config", tmp_path / "alertmanager.yaml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    for labels, receiver in {
        ("service=fraud", "alertname=ModelportServiceDown", "severity=page"): "modelport-fraud",
        ("service=fraud", "alertname=ModelportModelOld", "severity=ticket"): "modelport-fraud",
        ("service=fraud", "alertname=SomebodyElses"): "nobody",
        ("service=vision", "alertname=ModelportServiceDown"): "nobody",
    }.items():
        found = subprocess.run(["amtool", "config", "routes", "test", config, *labels], capture_output=True, text=True)
        assert found.stdout.strip() == receiver, found.stderr


def test_a_secret_address_is_a_file_and_a_whole_route_of_its_own():
    spec = service(monitoring={"alerts": {"notify": ["alerts/chat"]}})
    routes = load(files([spec], "prod")["alertmanager.yaml"])
    assert routes["receivers"][1]["webhook_configs"] == [{"url_file": "/etc/alertmanager/secrets/alerts/chat"}]
