"""GOV, continued: what is known of how well a service serves."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies import aws, azure, gcp
from modelport_policies.control import ADVICE, SEVERE, USUAL, Control, NotApplicable, parameter
from modelport_policies.controls.aws import monitoring as on_aws
from modelport_policies.controls.azure import governance as on_azure
from modelport_policies.controls.gcp import governance as on_gcp
from modelport_policies.controls.governance import before_production
from modelport_policies.controls.kubernetes import monitoring as on_kubernetes
from modelport_policies.resource import Resource, text


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
        remediation="Add an alert about what is named, enabled and with somebody whom it tells. On Kubernetes that is "
        "who monitoring.alerts.notify of the service, existing.topic of the stack or an AlertmanagerConfig names. If "
        "the cluster's own Alertmanager tells somebody of all alerts, say in the parameter who that is.",
        checks={
            aws.ENDPOINT: on_aws.failures_are_noticed,
            **dict.fromkeys((aws.ALARM, aws.COMPOSITE_ALARM), on_aws.alarm_reaches_somebody),
            gcp.ENDPOINT: on_gcp.failures_are_noticed,
            gcp.ALERT: on_gcp.alert_reaches_somebody,
            azure.ENDPOINT: on_azure.failures_are_noticed,
            azure.METRIC_ALERT: on_azure.alert_reaches_somebody,
            **dict.fromkeys(on_kubernetes.MONITORS, on_kubernetes.failures_are_noticed),
        },
        scope="stack",
        parameters={
            "alertmanager": parameter(
                "Who hears of all alerts by the cluster's own Alertmanager, where a stack names nobody.", ""
            )
        },
    ),
    Control(
        id="GOV-03",
        title="What is watched has an objective and a dashboard",
        severity="low",
        levels=ADVICE,
        frameworks=("SOC2 A1.1", "ISO42001 9.1"),
        remediation="Say in rules how well the service has to serve, and make a dashboard beside it.",
        checks={
            **dict.fromkeys(on_kubernetes.MONITORS, on_kubernetes.watched_pods_are_measured),
            aws.ENDPOINT: on_aws.endpoint_is_measured,
            gcp.ENDPOINT: on_gcp.endpoint_is_measured,
            azure.ENDPOINT: on_azure.endpoint_is_measured,
        },
        scope="stack",
    ),
)
