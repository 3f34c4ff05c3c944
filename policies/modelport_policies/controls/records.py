"""LOG: what is kept of requests and answers, and of what becomes of the stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelport_policies import aws, azure, gcp
from modelport_policies.capture import CAPTURE, careless
from modelport_policies.control import ADVICE, SEVERE, USUAL, Control, NotApplicable, parameter
from modelport_policies.controls.aws import records as on_aws
from modelport_policies.controls.azure import records as on_azure
from modelport_policies.controls.gcp import records as on_gcp
from modelport_policies.controls.governance import before_production
from modelport_policies.controls.kubernetes import records as on_kubernetes
from modelport_policies.kubernetes import CONFIG_MAP, NAMESPACE, WORKLOADS, containers, mark
from modelport_policies.resource import Resource, at, is_set, items, mapping, number, text

LOGGING = (
    *("NIST AU-2", "NIST AU-3", "NIST AU-11", "NIST AU-12", "ISO27001 A.8.15", "SOC2 CC7.2", "PCI 10.2", "PCI 10.5"),
    *("EU AI Act 12", "EU AI Act 19", "EU AI Act 26(6)", "ISO42001 A.6.2.8"),
)
CARE_OF_DATA = (
    *("GDPR 5", "GDPR 25", "GDPR 35", "CCPA 1798.100(c)", "CCPA 1798.121"),
    *("ISO27701", "HIPAA 164.502(b)", "ISO42001 A.7"),
)


def pods_keep_with_care(workload: Resource) -> Iterable[str]:
    """Where `env` of a container has `MODELPORT_CAPTURE`, a label or annotation `data-class` is there; if it is
    `personal`, the container has `MODELPORT_CAPTURE_SAMPLE` and `MODELPORT_CAPTURE_REDACT`.
    """
    variables = [{text(at(each, "name")): each for each in items(at(one, "env"))} for _, one in containers(workload)]
    yield from careless_pods(workload, [each for each in variables if CAPTURE in each])


def settings_keep_with_care(settings: Resource) -> Iterable[str]:
    """Where `data` has `MODELPORT_CAPTURE`, the same."""
    data = mapping(settings.at("data"))
    yield from careless_pods(settings, [data] if is_set(data, CAPTURE) else [])


def careless_pods(resource: Resource, keeping: list[Mapping[str, Any]]) -> Iterable[str]:
    """What is missing where servers with these settings keep requests."""
    if not keeping:
        raise NotApplicable("it does not say that requests are kept")
    settings = [{key for key in given if is_set(given, key)} for given in keeping]
    yield from careless(mark(resource, "dataclass"), settings)


def service_keeps_requests(service: Resource) -> Iterable[str]:
    """`monitoring.capture.percent` is more than 0, unless `environment` is dev or test, or modelport cannot keep any on
    the target yet.
    """
    before_production(service)
    if (percent := service.at("monitoring", "capture", "percent")) is None:
        raise NotApplicable(f"modelport cannot keep requests on {text(service.at('target')) or 'the target'} yet")
    if not number(percent, 0):
        yield "no requests are kept"


CONTROLS = (
    Control(
        id="LOG-01",
        title="Production keeps what it was asked and what it answered",
        severity="high",
        levels=SEVERE,
        frameworks=LOGGING,
        remediation="Set monitoring.capture.percent of the service, or dataCaptureConfig or "
        "predictRequestResponseLoggingConfig of the endpoint.",
        checks={
            aws.ENDPOINT_CONFIGURATION: on_aws.production_is_captured,
            gcp.ENDPOINT: on_gcp.production_is_recorded,
            azure.DEPLOYMENT: on_azure.production_is_captured,
            "modelport:kubernetes:Service": service_keeps_requests,
        },
        scope="stack",
    ),
    Control(
        id="LOG-02",
        title="The logs of containers reach a store that is managed",
        severity="medium",
        levels=USUAL,
        frameworks=LOGGING,
        remediation={
            "sagemaker": "Make the log group /aws/sagemaker/Endpoints/NAME, with retention and key, before the "
            "endpoint.",
            "vertex": "Leave disableContainerLogging out.",
            "azureml": "Add diagnostic settings for the endpoint and its workspace.",
            "kubernetes": "Take the label or annotation away that keeps logs from the collector.",
        },
        checks={
            aws.ENDPOINT: on_aws.endpoint_has_log_group,
            gcp.DEPLOYED_MODEL: on_gcp.containers_are_logged,
            azure.ENDPOINT: on_azure.endpoint_logs_are_kept,
            azure.WORKSPACE: on_azure.workspace_logs_are_kept,
            **dict.fromkeys(WORKLOADS, on_kubernetes.pods_are_collected),
            NAMESPACE: on_kubernetes.namespace_is_collected,
        },
        scope="stack",
        parameters={
            "optOuts": parameter("More labels and annotations (KEY=VALUE) by which collectors leave pods out.", [])
        },
    ),
    Control(
        id="LOG-03",
        title="Logs are kept long enough, and not for ever",
        severity="medium",
        levels=USUAL,
        frameworks=LOGGING,
        remediation="Set retentionInDays of the log group, or retentionDays of the log bucket. Set retentionInDays of "
        "the workspace that logs go to.",
        checks={
            aws.LOG_GROUP: on_aws.logs_are_kept,
            **dict.fromkeys(gcp.LOG_BUCKETS, on_gcp.logs_are_kept),
            azure.LOGS: on_azure.logs_are_kept_long,
        },
        parameters={"retentionInDays": parameter("The shortest time that logs are kept, in days; 180 at least.", 365)},
    ),
    Control(
        id="LOG-04",
        title="Buckets and load balancers log who calls them",
        severity="low",
        levels=ADVICE,
        frameworks=LOGGING,
        remediation="Have the bucket log to another one, and the balancer to one. Add a diagnostic setting for the "
        "blobs of a storage account.",
        checks={
            aws.BUCKET: on_aws.bucket_is_logged,
            aws.BUCKET_LOGGING: on_aws.logs_go_elsewhere,
            aws.BALANCER: on_aws.balancer_is_logged,
            gcp.BUCKET: on_gcp.bucket_is_logged,
            azure.STORAGE: on_azure.account_is_logged,
        },
        scope="stack",
    ),
    Control(
        id="LOG-05",
        title="Networks log who speaks to whom",
        severity="medium",
        levels=ADVICE,
        frameworks=(*LOGGING, "CIS AWS 3.7", "CIS GCP 3.8"),
        remediation="Add a flow log of all traffic, or of what is rejected, to the VPC, or logConfig to the subnet. "
        "LOG-03 judges how long logs are kept.",
        checks={
            aws.NETWORK: on_aws.network_is_logged,
            aws.FLOW_LOG: on_aws.rejected_traffic_is_logged,
            gcp.SUBNET: on_gcp.subnet_is_logged,
            azure.NETWORK: on_azure.network_is_logged,
            azure.FLOW_LOG: on_azure.flows_are_kept,
        },
        parameters={"retentionInDays": parameter("The shortest time that Azure keeps flows, in days.", 90)},
        scope="stack",
    ),
    Control(
        id="LOG-06",
        title="A trail says who did what with the endpoint",
        severity="low",
        levels=ADVICE,
        frameworks=LOGGING,
        remediation={
            "sagemaker": "Add a trail, or name the account's own in the parameter.",
            "vertex": "Add an IAMAuditConfig with DATA_READ, or name the project's own in the parameter.",
            "azureml": "Add a diagnostic setting of the subscription.",
        },
        checks={
            aws.ENDPOINT: on_aws.changes_are_recorded,
            aws.TRAIL: on_aws.trail_is_on,
            gcp.ENDPOINT: on_gcp.calls_are_recorded,
            gcp.AUDIT: on_gcp.audit_exempts_nobody,
            azure.ENDPOINT: on_azure.changes_are_recorded,
        },
        scope="stack",
        parameters={"trail": parameter("The trail that another stack keeps: its ARN, or the project.", "")},
    ),
    Control(
        id="LOG-07",
        title="Vaults and registries log who does what",
        severity="medium",
        levels=USUAL,
        frameworks=LOGGING,
        remediation="Add a diagnostic setting that sends their audit logs to a workspace.",
        checks=dict.fromkeys(on_azure.AUDITED, on_azure.access_is_logged),
        scope="stack",
    ),
    Control(
        id="LOG-08",
        title="Nobody can change what was recorded",
        severity="low",
        levels=ADVICE,
        frameworks=(*LOGGING, "NIST AU-9"),
        remediation="Replace the bucket of the trail by one with objectLockEnabled; lock the log bucket, or the "
        "retention policy of the bucket that a sink writes to.",
        checks={
            aws.BUCKET: on_aws.trail_bucket_is_locked,
            gcp.BUCKET: on_gcp.sink_is_locked,
            gcp.LOG_BUCKETS[0]: on_gcp.logs_are_locked,
        },
        scope="stack",
    ),
    Control(
        id="LOG-09",
        title="What is kept of personal data is a declared part of it",
        severity="high",
        levels=SEVERE,
        frameworks=CARE_OF_DATA,
        remediation="Label the data's class; of personal data, keep a share of the requests, without the values that "
        "nobody needs.",
        checks={
            **dict.fromkeys(WORKLOADS, pods_keep_with_care),
            CONFIG_MAP: settings_keep_with_care,
            aws.ENDPOINT_CONFIGURATION: on_aws.endpoint_keeps_with_care,
            gcp.ENDPOINT: on_gcp.endpoint_keeps_with_care,
            gcp.MODEL: on_gcp.model_keeps_with_care,
            azure.DEPLOYMENT: on_azure.deployment_keeps_with_care,
        },
    ),
)
