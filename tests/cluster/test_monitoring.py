"""What watches a service, on a real API server with the definitions of the Prometheus operator."""

import json

import pytest
from support.kubernetes_page import ROLES, rights_for
from support.services import WATCHED

MONITORING, ROUTES = "monitoring.coreos.com/v1", "monitoring.coreos.com/v1alpha1"
OPERATOR = {"prometheus": "monitoring", "prometheusOperator": {"release": "prometheus"}}
KINDS = ((MONITORING, "PodMonitor"), (MONITORING, "PrometheusRule"), (ROUTES, "AlertmanagerConfig"))
NOTIFY = {"alerts": {"notify": ["ml@example.com", "https://example.com/hook", "pagers/chat"], "modelAge": "1d"}}
EVERYTHING = {"slo": WATCHED["slo"], "monitoring": NOTIFY, "scaling": {"min": 3}}


@pytest.fixture
def watched(service, crds, make_namespace):
    """A service in a namespace that is there, whose cluster has the operator's definitions."""
    service.namespace = make_namespace()
    service.existing = {**OPERATOR, "namespace": service.namespace}
    service.fields = {**service.fields, **EVERYTHING}
    return service


def made(service):
    return {kind: service.objects(version, kind) for version, kind in KINDS}


def the(service, kind):
    (found,) = made(service)[kind]
    return found


def dashboards(service):
    found = service.objects("v1", "ConfigMap")
    return [each for each in found if each["metadata"]["labels"].get("grafana_dashboard") == "1"]


def alerts(rule):
    return [each["labels"]["rule"] for group in rule["spec"]["groups"] for each in group["rules"] if "alert" in each]


def test_the_operators_objects_are_as_its_definitions_want_them(watched):
    watched.raised()
    for kind, found in made(watched).items():
        assert [each["metadata"]["labels"]["release"] for each in found] == ["prometheus"], kind
    assert len(dashboards(watched)) == 1
    assert set(watched.raised().changes) == {"same"}


def test_what_the_server_has_is_what_the_outputs_say(watched):
    result = watched.raised()
    (outputs,) = result.outputs["services"]["it"]["targets"].values()
    assert outputs["alerts"] == alerts(the(watched, "PrometheusRule"))
    (dashboard,) = dashboards(watched)
    assert outputs["dashboards"] == [json.loads(text)["uid"] for text in dashboard["data"].values()]


def test_the_pods_that_run_are_the_pods_that_are_watched(watched):
    watched.raised()
    (endpoint,) = the(watched, "PodMonitor")["spec"]["podMetricsEndpoints"]
    selector = the(watched, "PodMonitor")["spec"]["selector"]["matchLabels"]
    labels = ",".join(f"{key}={value}" for key, value in selector.items())
    pods = watched.cluster.api.list("v1", "Pod", watched.namespace, labels=labels)
    assert {each["metadata"]["uid"] for each in pods} == watched.pods() != set()
    for pod in pods:
        assert endpoint["port"] in [port["name"] for port in pod["spec"]["containers"][0]["ports"]]


def test_another_objective_changes_the_rules_in_place(watched):
    watched.raised()
    before, pods, (shown,) = the(watched, "PrometheusRule"), watched.pods(), dashboards(watched)
    watched.fields["slo"] = {"availability": 99}
    watched.raised()
    after, (now,) = the(watched, "PrometheusRule"), dashboards(watched)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert "latency-p99-burn-1h" in alerts(before)
    assert "latency-p99-burn-1h" not in alerts(after)
    assert (now["metadata"]["name"], now["data"] == shown["data"]) == (shown["metadata"]["name"], False)
    assert watched.pods() == pods
    assert set(watched.raised().changes) == {"same"}


def test_alerts_come_and_go_and_nothing_is_left_in_the_end(watched):
    watched.raised()
    watched.fields["monitoring"] = {"alerts": {"enabled": False}}
    watched.raised()
    assert {kind: len(found) for kind, found in made(watched).items()} == {
        "PodMonitor": 1,
        "PrometheusRule": 0,
        "AlertmanagerConfig": 0,
    }
    watched.fields["monitoring"] = NOTIFY
    watched.raised()
    assert all(made(watched).values())
    assert watched.stack.destroy().exit_code == 0, watched.stack.errors
    assert not any(made(watched).values())
    assert dashboards(watched) == []


def test_prometheus_gets_its_token_from_the_secret_of_the_callers_and_the_stack_never_sees_it(watched):
    secret = {"tokens": "a-token-of-32-characters-at-least", "metrics": "another-token-of-32-characters-or-more"}
    metadata = {"name": "callers", "namespace": watched.namespace}
    watched.cluster.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": secret})
    watched.existing = {**watched.existing, "tokens": "callers"}
    watched.fields["security"] = {"auth": "bearer"}
    watched.raised()
    (endpoint,) = the(watched, "PodMonitor")["spec"]["podMetricsEndpoints"]
    assert endpoint["authorization"]["credentials"] == {"name": "callers", "key": "metrics"}
    state = [file.read_text() for file in watched.stack.folder.rglob("*.json")]
    assert not [text for text in state if "token-of-32" in text]
    assert set(watched.raised().changes) == {"same"}


def test_the_rights_on_the_page_are_enough(watched, user):
    watched.kubeconfig = user([*ROLES["Role"], *rights_for("prometheusrules")], watched.namespace)
    watched.existing = {**watched.existing, "role": "default", "priorityClass": "system-cluster-critical"}
    watched.raised()
    assert set(watched.raised().changes) == {"same"}
    assert watched.stack.destroy().exit_code == 0, watched.stack.errors


@pytest.mark.parametrize(
    ("role", "wrong", "named"),
    [
        ("monitor", {"podMetricsEndpoints": [{"interval": "30 seconds"}]}, "spec.podMetricsEndpoints[0].interval"),
        ("alerts", {"groups": [{"name": "g", "rules": [{"expr": "1", "for": "soon"}]}]}, "spec.groups[0].rules[0].for"),
        ("receivers", {"receiver": []}, "spec.receiver"),
    ],
)
def test_what_the_operator_does_not_know_is_an_error_that_names_the_field(watched, role, wrong, named):
    name = f"{watched.name}-kubernetes-{role}"
    watched.config = {"modelport:resources": {name: {"properties": {"spec": wrong}}}}
    assert watched.up().exit_code == 1
    assert any(named in each for each in watched.stack.errors), watched.stack.errors


def test_a_cluster_without_the_operator_says_so_once(start_cluster, service):
    service.cluster = start_cluster()
    service.kubeconfig = service.cluster.kubeconfig
    service.existing, service.fields = OPERATOR, {**service.fields, "slo": WATCHED["slo"]}
    assert service.up().exit_code == 1
    told = [each for each in service.stack.errors if "monitoring.coreos.com" in each]
    assert len(told) == 1, service.stack.errors
    assert "has no PodMonitor of monitoring.coreos.com/v1" in told[0]
    assert "install its CustomResourceDefinition first" in told[0]
