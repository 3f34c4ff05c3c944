"""What watches a service on Kubernetes, and who hears of it."""

import json
import re

import pulumi
import pytest
from support.program import Program
from support.services import WATCHED

from modelport import GpuPools
from modelport.monitoring import alert_rules, dashboard, receivers
from modelport.monitoring.prometheus import objects
from modelport.monitoring.prometheus.scrape import Scrape
from modelport.spec import Environment, ModelSpec, Monitoring, Release, Releases, Security, Slo

OPERATOR = {"prometheus": "monitoring", "prometheus_operator": {"release": "prometheus"}}
PODS = "fraud-dev-blue-.+|fraud-dev-green-.+"
MADE = {"fraud-monitor", "fraud-alerts", "fraud-receivers", "fraud-dashboard"}
BEARER = {"security": Security(auth="bearer")}
DIGEST = f"sha256:{'c' * 64}"


def notifying(*addresses, **more):
    return Monitoring.model_validate({"alerts": {"notify": addresses, **more}})


def groups_of(program):
    return program.inputs["fraud-alerts"]["spec"]["groups"]


@pytest.fixture
def watched(kubernetes):
    """Run a program of one service in a stack with the Prometheus operator."""

    def watched(existing=None, environment=None, **sections):
        return kubernetes({**(environment or {}), "existing": {**OPERATOR, **(existing or {})}}, **sections)

    return watched


@pytest.fixture
def refusal(kubernetes):
    """Why a service is refused."""

    def refusal(existing, **sections):
        with pytest.raises(pulumi.RunError) as failed:
            kubernetes({"existing": existing}, **sections)
        return str(failed.value)

    return refusal


def test_without_an_operator_nothing_is_made_and_nothing_claimed(kubernetes):
    program = kubernetes({"existing": {"prometheus": "monitoring"}})
    assert not MADE & program.inputs.keys()
    assert (program.result["alerts"], program.result["dashboards"]) == ([], [])


def test_what_is_made_is_what_monitoring_says(watched):
    """Equal to the functions that promtool, amtool and Grafana's types have judged."""
    sections = {
        "slo": Slo.model_validate(WATCHED["slo"]),
        "monitoring": notifying("ml@example.com", "https://example.com/hook", modelAge="1d"),
    }
    spec = ModelSpec(metadata={"name": "fraud"}, model={"source": "m.onnx"}, **sections)
    scrape = Scrape.of_pods("fraud", "fraud-dev", PODS)
    selector = {"app.kubernetes.io/name": "fraud", "app.kubernetes.io/instance": "fraud-dev"}
    wanted = {
        "fraud-monitor": objects.pod_monitor({}, scrape, selector, "http"),
        "fraud-alerts": objects.prometheus_rule({}, alert_rules(spec), scrape),
        "fraud-receivers": objects.alertmanager_config({}, "fraud", receivers(spec)),
        "fraud-dashboard": objects.dashboard_config_map({}, "fraud (dev)", "fraud-dev", dashboard(spec), scrape),
    }
    made = watched(**sections).inputs
    for name, given in wanted.items():
        planned = json.loads(json.dumps(made[name]))
        assert {**planned, "metadata": {}} == {**given, "metadata": {}}, name


def test_the_operator_takes_its_objects_and_grafana_its_own(watched):
    made = watched(monitoring=notifying("ml@example.com")).inputs
    for name in MADE - {"fraud-dashboard"}:
        assert made[name]["metadata"]["labels"]["release"] == "prometheus"
        assert made[name]["metadata"]["name"] == "fraud-dev"
    assert made["fraud-dashboard"]["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert {made[name]["metadata"]["namespace"] for name in MADE} == {"fraud-dev"}


def test_an_operator_that_takes_everything_wants_no_label(watched, kubernetes):
    labels = watched({"prometheus_operator": {}}).inputs["fraud-monitor"]["metadata"]["labels"]
    assert labels == kubernetes().inputs["fraud-service"]["metadata"]["labels"]


def test_prometheus_finds_a_port_of_the_pods_of_every_slot_and_is_let_in(watched):
    promoted = {"fraud": Releases(stable=Release(source="double.onnx", slot="green"))}
    for slot, environment in (("blue", {}), ("green", {"releases": promoted})):
        made = watched(environment=environment).inputs
        template = made[f"fraud-server-{slot}"]["spec"]["template"]
        monitor = made["fraud-monitor"]["spec"]
        assert monitor["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        (endpoint,) = monitor["podMetricsEndpoints"]
        numbers = {port["name"]: port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
        rule = made["fraud-network"]["spec"]["ingress"][1]
        assert [port["port"] for port in rule["ports"]] == [numbers[endpoint["port"]]]


def test_a_promotion_changes_nothing_of_what_is_watched(watched):
    promoted = {"fraud": Releases(stable=Release(source="double.onnx", slot="green"))}
    before, after = watched().inputs, watched(environment={"releases": promoted}).inputs
    for name in MADE & before.keys():
        assert before[name] == after[name]


def test_gpus_are_told_apart_by_the_pods_of_the_service_and_no_others():
    for pod in ("fraud-dev-blue-6d4cf56db6-x7k2p", "fraud-dev-green-6d4cf56db6-x7k2p"):
        assert re.fullmatch(PODS, pod)
    assert not re.fullmatch(PODS, "fraud-v2-dev-blue-6d4cf56db6-x7k2p")


def test_prometheus_shows_a_token_where_the_server_wants_one(watched):
    tokens = {"namespace": "serving", "tokens": "callers"}
    (endpoint,) = watched(tokens, **BEARER).inputs["fraud-monitor"]["spec"]["podMetricsEndpoints"]
    assert endpoint["authorization"] == {"type": "Bearer", "credentials": {"name": "callers", "key": "metrics"}}
    (endpoint,) = watched(tokens).inputs["fraud-monitor"]["spec"]["podMetricsEndpoints"]
    assert "authorization" not in endpoint


def test_the_token_of_prometheus_is_no_file_of_the_pods(watched):
    pod = watched({"namespace": "serving", "tokens": "callers"}, **BEARER).inputs["fraud-server-blue"]
    assert "metrics" not in json.dumps(pod["spec"]["template"]["spec"]["volumes"])


def test_the_outputs_name_alerts_and_dashboards(watched):
    program = watched(slo=Slo.model_validate({"latency": {"p99": "60ms"}}))
    alerts = program.result["alerts"]
    assert {"availability-burn-1h", "latency-p99-burn-3d", "service-down"} <= set(alerts)
    assert alerts == [rule["labels"]["rule"] for rule in groups_of(program)[0]["rules"] if "alert" in rule]
    file = program.inputs["fraud-dashboard"]["data"]["fraud-dev.json"]
    assert program.result["dashboards"] == [json.loads(file)["uid"]]


def test_a_namespace_that_comes_later_is_in_every_query(watched):
    program = watched({"namespace": pulumi.Output.from_input("later")})
    (group,) = groups_of(program)
    assert all('namespace="later"' in rule["expr"] for rule in group["rules"])
    assert 'namespace=\\"later\\"' in program.inputs["fraud-dashboard"]["data"]["fraud-dev.json"]


def test_switched_off_alerts_leave_metrics_and_dashboard(watched):
    program = watched(monitoring=notifying("ml@example.com", enabled=False))
    assert MADE & program.inputs.keys() == {"fraud-monitor", "fraud-dashboard"}
    assert program.result["alerts"] == []


def test_nobody_to_tell_makes_no_receivers(watched):
    assert MADE - watched().inputs.keys() == {"fraud-receivers"}


def test_the_stacks_topic_hears_of_every_service_beside_its_own_receivers(watched):
    own = notifying("ml@example.com")
    program = watched({"topic": "pagers/chat", "namespace": "serving"}, monitoring=own)
    (receiver,) = program.inputs["fraud-receivers"]["spec"]["receivers"]
    assert receiver["emailConfigs"] == [{"to": "ml@example.com"}]
    assert receiver["webhookConfigs"] == [{"urlSecret": {"name": "pagers", "key": "chat"}}]


def test_alerts_link_to_where_the_runbooks_are(watched):
    program = watched({"runbooks": "https://wiki.example.com/run/"})
    links = {rule["annotations"]["runbook_url"] for rule in groups_of(program)[0]["rules"] if "alert" in rule}
    assert "https://wiki.example.com/run/service-down.md" in links
    assert all(link.startswith("https://wiki.example.com/run/") for link in links)


def test_a_cluster_without_a_definition_fails_once(watched):
    """Each waits for the one before, so that only the first is tried."""
    program = watched(monitoring=notifying("ml@example.com"))
    before = {"fraud-alerts": "fraud-monitor", "fraud-receivers": "fraud-alerts"}
    for name, needed in before.items():
        assert any(urn.endswith(f"::{needed}") for urn in program.request(name).dependencies)


def test_gpus_of_installed_exporters_are_read_where_an_operator_is():
    pool = {"name": "l4", "kind": "nvidia-l4", "nodes": ["l4-0"], "gpusPerNode": 4}

    def pools(exporter, existing):
        image = {"exporter": f"registry.example/dcgm-exporter@{DIGEST}"} if exporter else {}
        given = {"gpu_pools": {"pools": [pool], **image}, "existing": existing}
        stack = Environment(stack="dev", targets=("local",), environment="dev", **given)
        return Program.run(lambda: GpuPools("gpuPools", stack) and None, {"kubernetes:context": "test"}).inputs

    made = pools(True, OPERATOR)
    monitor, template = made["gpuPools-monitor"], made["gpuPools-exporter-l4"]["spec"]["template"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["metadata"]["namespace"] == made["gpuPools-exporter-l4"]["metadata"]["namespace"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] in [port["name"] for port in template["spec"]["containers"][0]["ports"]]
    for exporter, existing in ((False, OPERATOR), (True, {"prometheus": "monitoring"})):
        assert "gpuPools-monitor" not in pools(exporter, existing)


# rules

ENABLED = Monitoring.model_validate({"alerts": {"enabled": True}})
BROKEN = {
    "alerts without an operator": ({}, {"monitoring": ENABLED}, "monitoring.alerts.enabled", "modelport monitor rules"),
    "objectives that nobody watches": (
        {},
        {"slo": Slo(availability=99)},
        "modelport:existing.prometheus",
        "slo.availability",
    ),
    "receivers that hear nothing": (
        {},
        {"monitoring": notifying("ml@example.com")},
        "modelport:existing.prometheus",
        "monitoring.alerts.notify",
    ),
    "an operator that is not let in": (
        {"prometheus_operator": {}},
        {},
        "modelport:existing.prometheus",
        "Name their namespace",
    ),
    "no token for Prometheus": (
        {
            **OPERATOR,
            "namespace": "serving",
            "jwt_keys": "idp",
            "jwt_issuer": "https://idp.example.com",
            "jwt_audience": "a",
        },
        BEARER,
        "modelport:existing.tokens",
        "entry metrics",
    ),
    "a topic of a cloud": (
        OPERATOR,
        {"monitoring": notifying("arn:aws:sns:eu-west-1:1:alarms")},
        "monitoring.alerts.notify",
        "SECRET/KEY",
    ),
    "a secret in a namespace to come": (
        OPERATOR,
        {"monitoring": notifying("alerts/chat")},
        "monitoring.alerts.notify",
        "modelport:existing.namespace",
    ),
    "a stack's topic of a cloud": ({**OPERATOR, "topic": "alarms"}, {}, "modelport:existing.topic", "SECRET/KEY"),
    "a stack's topic with a password": (
        {**OPERATOR, "topic": "https://me:hunter2@example.com"},
        {},
        "modelport:existing.topic",
        "password",
    ),
    "a stack's topic that comes later": (
        {**OPERATOR, "topic": pulumi.Output.from_input("a/b")},
        {},
        "modelport:existing.topic",
        "Write",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_nobody_would_hear_of_is_refused_with_what_to_do(refusal, case):
    existing, sections, path, words = BROKEN[case]
    told = refusal(existing, **sections)
    assert "MP401 refused by kubernetes" in told[told.index(path) :]
    assert words in told
    assert "hunter2" not in told
    assert told.endswith("1 problem, nothing was changed.")


def test_objectives_for_a_prometheus_without_an_operator_are_for_its_rule_files(kubernetes):
    program = kubernetes({"existing": {"prometheus": "monitoring"}}, slo=Slo(availability=99))
    assert not MADE & program.inputs.keys()


def test_who_wants_no_alerts_needs_nobody_to_watch(kubernetes):
    off = Monitoring.model_validate({"alerts": {"enabled": False, "notify": ["ml@example.com"]}})
    assert kubernetes(slo=Slo(availability=99), monitoring=off).inputs
