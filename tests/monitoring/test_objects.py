"""Objects for the Prometheus operator and Grafana's sidecar."""

import json
import re
from pathlib import Path

from ruamel.yaml import YAML
from support.services import WATCHED, service

from modelport.monitoring import alert_rules, dashboard, receivers
from modelport.monitoring.prometheus import objects
from modelport.monitoring.prometheus.scrape import Scrape
from modelport.monitoring.prometheus.yaml import to_yaml

SPEC = service(**WATCHED)
SCRAPE = Scrape.of_pods("fraud", "ml")
METADATA = {"name": "fraud", "namespace": "ml", "labels": {"release": "prometheus"}}
SELECTOR = {"app.kubernetes.io/name": "fraud"}


def of(spec):
    return [
        objects.prometheus_rule(METADATA, alert_rules(spec), SCRAPE),
        objects.pod_monitor(METADATA, SCRAPE, SELECTOR, "http", token=("fraud-tokens", "metrics")),
        objects.service_monitor(METADATA, SCRAPE, SELECTOR, "http"),
        objects.alertmanager_config(METADATA, "fraud", receivers(spec)),
        objects.dashboard_config_map(METADATA, "fraud (prod)", "fraud-prod", dashboard(spec), SCRAPE),
    ]


def test_the_objects_are_as_committed(golden):
    golden("objects.yaml", "---\n".join(map(to_yaml, of(SPEC))))


def test_rules_and_routes_are_made_only_where_there_is_something_to_say():
    quiet = service(monitoring={"alerts": {"enabled": False}})
    assert of(quiet)[0] is None
    assert of(quiet)[3] is None


def test_an_alert_bears_its_namespace_by_which_the_operator_routes_it():
    (group,) = of(SPEC)[0]["spec"]["groups"]
    assert {rule["labels"]["namespace"] for rule in group["rules"]} == {"ml"}
    assert all('namespace="ml"' in rule["expr"] for rule in group["rules"])


def test_monitors_name_the_job_as_the_rules_do():
    for monitor, key in ((of(SPEC)[1], "podMetricsEndpoints"), (of(SPEC)[2], "endpoints")):
        (endpoint,) = monitor["spec"][key]
        assert endpoint["relabelings"] == [{"action": "replace", "targetLabel": "job", "replacement": "fraud"}]
        assert SCRAPE.labels["job"] == "fraud"


def test_no_secret_stands_in_an_object_only_where_it_is():
    (receiver,) = of(SPEC)[3]["spec"]["receivers"]
    assert {"urlSecret": {"name": "alerts", "key": "chat"}} in receiver["webhookConfigs"]
    (endpoint,) = of(SPEC)[1]["spec"]["podMetricsEndpoints"]
    assert endpoint["authorization"]["credentials"] == {"name": "fraud-tokens", "key": "metrics"}


def test_grafana_finds_the_dashboard_by_its_label():
    made = of(SPEC)[4]
    assert made["metadata"]["labels"] == {"release": "prometheus", "grafana_dashboard": "1"}
    assert METADATA["labels"] == {"release": "prometheus"}
    assert json.loads(made["data"]["fraud-prod.json"])["uid"] == "fraud-prod"


def test_the_documentation_shows_what_works():
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {"spec": SPEC}
    exec(code, names)
    assert names["rule"]["kind"] == "PrometheusRule"


def test_objects_are_plain_data():
    for made in of(SPEC):
        assert YAML(typ="safe").load(to_yaml(made)) == json.loads(json.dumps(made))
