"""GOV, continued: what is known of how well a service serves."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies import aws, azure, gcp
from modelport_policies.control import ADVICE, SEVERE, USUAL, Control, NotApplicable
from modelport_policies.controls.aws import monitoring as on_aws
from modelport_policies.controls.azure import governance as on_azure
from modelport_policies.controls.gcp import governance as on_gcp
from modelport_policies.controls.governance import before_production
from modelport_policies.kubernetes import (
    CONFIG_MAP,
    SCALED,
    SERVICE,
    WORKLOADS,
    beside,
    contains,
    has_own_namespace,
    pod_labels,
    selects,
)
from modelport_policies.resource import Resource, at, is_set, items, mapping, text

POD_MONITOR = "kubernetes:monitoring.coreos.com/v1:PodMonitor"
SERVICE_MONITOR = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"
RULES = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
OBJECTIVES = (
    "kubernetes:sloth.slok.dev/v1:PrometheusServiceLevel",
    "kubernetes:pyrra.dev/v1alpha1:ServiceLevelObjective",
)
OBJECTIVE_LABELS = ("objective", "slo", "sloth_slo")
DASHBOARD = "kubernetes:grafana.integreatly.org/v1beta1:GrafanaDashboard"
DASHBOARD_LABEL = "grafana_dashboard"


def watched_pods_are_measured(monitor: Resource) -> Iterable[str]:
    """In a namespace of the stack's own, it selects what is there. Where it selects pods of a Deployment, StatefulSet
    or ReplicaSet, the namespace has an objective (a rule of a `PrometheusRule` with a label `objective` or `slo`, or an
    object of Sloth or Pyrra) and a dashboard (a ConfigMap with the label `grafana_dashboard`, or a `GrafanaDashboard`).
    """
    if is_set(monitor.at("spec"), "namespaceSelector"):
        raise NotApplicable("it looks into other namespaces")
    if has_own_namespace(monitor) and not finds_something(monitor):
        yield "it selects nothing of the stack"
        return
    if not any(watches(monitor, workload) for workload in beside(monitor, *SCALED)):
        raise NotApplicable("it watches nothing of the stack that serves")
    if not has_objective(monitor):
        yield "nothing says how well the pods that it watches have to serve"
    if not has_dashboard(monitor):
        yield "no dashboard shows how well the pods that it watches serve"


def finds_something(monitor: Resource) -> bool:
    """Whether a monitor selects services, or pods of workloads, of its namespace."""
    selector = monitor.at("spec", "selector")
    if monitor.type == POD_MONITOR:
        return any(selects(selector, pod_labels(each)) for each in beside(monitor, *WORKLOADS))
    return any(selects(selector, mapping(each.at("metadata", "labels"))) for each in beside(monitor, SERVICE))


def watches(monitor: Resource, workload: Resource) -> bool:
    """Whether a monitor selects a workload's pods, itself or by a service that leads to them."""
    selector, labels = monitor.at("spec", "selector"), pod_labels(workload)
    if monitor.type == POD_MONITOR:
        return selects(selector, labels)
    services = (each for each in beside(monitor, SERVICE) if selects(selector, mapping(each.at("metadata", "labels"))))
    led_to = (mapping(each.at("spec", "selector")) for each in services)
    return any(wanted and contains(labels, wanted) for wanted in led_to)


def has_objective(monitor: Resource) -> bool:
    """Whether something in its namespace says how well a service has to serve."""
    groups = (group for each in beside(monitor, RULES) for group in items(each.at("spec", "groups")))
    rules = (at(rule, "labels") for group in groups for rule in items(at(group, "rules")))
    measured = (is_set(labels, label) for labels in rules for label in OBJECTIVE_LABELS)
    return any(measured) or any(True for _ in beside(monitor, *OBJECTIVES))


def has_dashboard(monitor: Resource) -> bool:
    """Whether something in its namespace is for Grafana."""
    settings = (each.at("metadata", "labels") for each in beside(monitor, CONFIG_MAP))
    return any(is_set(labels, DASHBOARD_LABEL) for labels in settings) or any(True for _ in beside(monitor, DASHBOARD))


def service_is_watched(service: Resource) -> Iterable[str]:
    """`monitoring.drift.enabled` is true, unless `environment` is dev or test, or modelport cannot watch for drift on
    the target yet.
    """
    before_production(service)
    if (enabled := service.at("monitoring", "drift", "enabled")) is None:
        raise NotApplicable(f"modelport cannot watch for drift on {text(service.at('target')) or 'the target'} yet")
    if enabled is not True:
        yield "nothing compares what it is asked with what the model was trained on"


CONTROLS = (
    Control(
        id="GOV-01",
        title="Production is watched for drift against a baseline",
        severity="medium",
        levels=USUAL,
        frameworks=("EU AI Act 26(5)", "EU AI Act 72", "NIST AI RMF MEASURE 2.4", "ISO42001 A.6.2.6"),
        remediation="Set monitoring.drift of the service, or add a monitoring schedule with a baseline.",
        checks={
            aws.ENDPOINT: on_aws.endpoint_is_watched,
            **dict.fromkeys(aws.JOBS, on_aws.job_has_baseline),
            azure.ENDPOINT: on_azure.high_risk_is_monitored,
            azure.SCHEDULE: on_azure.monitor_has_baseline,
            **dict.fromkeys(("modelport:kubernetes:Service", gcp.COMPONENT), service_is_watched),
        },
        scope="stack",
    ),
    Control(
        id="GOV-02",
        title="Somebody is told of errors, latency and saturation",
        severity="high",
        levels=SEVERE,
        frameworks=("NIST SI-4", "SOC2 CC7.2", "ISO27001 A.8.16", "NIST AI RMF MEASURE 2.4"),
        remediation="Add an alert about what is named, enabled and with somebody whom it tells.",
        checks={
            aws.ENDPOINT: on_aws.failures_are_noticed,
            **dict.fromkeys((aws.ALARM, aws.COMPOSITE_ALARM), on_aws.alarm_reaches_somebody),
            gcp.ENDPOINT: on_gcp.failures_are_noticed,
            gcp.ALERT: on_gcp.alert_reaches_somebody,
            azure.ENDPOINT: on_azure.failures_are_noticed,
            azure.METRIC_ALERT: on_azure.alert_reaches_somebody,
        },
        scope="stack",
    ),
    Control(
        id="GOV-03",
        title="What is watched has an objective and a dashboard",
        severity="low",
        levels=ADVICE,
        frameworks=("SOC2 A1.1", "ISO42001 9.1"),
        remediation="Say in rules how well the service has to serve, make a dashboard beside it, and let monitors "
        "select what is there.",
        checks={
            **dict.fromkeys((POD_MONITOR, SERVICE_MONITOR), watched_pods_are_measured),
            aws.ENDPOINT: on_aws.endpoint_is_measured,
            gcp.ENDPOINT: on_gcp.endpoint_is_measured,
            azure.ENDPOINT: on_azure.endpoint_is_measured,
        },
        scope="stack",
    ),
)
