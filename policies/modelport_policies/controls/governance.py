"""GOV: who answers for the model, and for the exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modelport_policies import aws, azure, gcp
from modelport_policies.control import ADVICE, USUAL, Control, Levels, NotApplicable, never, parameter
from modelport_policies.controls.aws import governance as on_aws
from modelport_policies.controls.azure import governance as on_azure
from modelport_policies.controls.gcp import governance as on_gcp
from modelport_policies.kubernetes import DAEMON_SET, DEPLOYMENT, STATEFUL_SET, in_production, plain
from modelport_policies.resource import Resource, at, is_set, mapping, number

CLOUD_COMPONENTS = tuple(f"modelport:{target}:Service" for target in ("kubernetes", "sagemaker", "vertex", "azureml"))
COMPONENTS = ("modelport:local:Service", *CLOUD_COMPONENTS)
RISK_CLASSES = ("minimal", "limited", "high")
OF_EXEMPTIONS = "GOV-12"
"""The control over the exemptions."""
CARD = ("intendedUse", "trainingData", "evaluation")
PRIORITY = ("FlowSchema", "PriorityLevelConfiguration")
RBAC = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
UNSTABLE = {
    "extensions/v1beta1": ("DaemonSet", "Deployment", "Ingress", "NetworkPolicy", "ReplicaSet"),
    "apps/v1beta1": ("Deployment", "StatefulSet"),
    "apps/v1beta2": ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
    "autoscaling/v2beta1": ("HorizontalPodAutoscaler",),
    "autoscaling/v2beta2": ("HorizontalPodAutoscaler",),
    "batch/v1beta1": ("CronJob",),
    "batch/v2alpha1": ("CronJob",),
    "discovery.k8s.io/v1beta1": ("EndpointSlice",),
    "events.k8s.io/v1beta1": ("Event",),
    **dict.fromkeys((f"flowcontrol.apiserver.k8s.io/v1beta{each}" for each in (1, 2, 3)), PRIORITY),
    "gateway.networking.k8s.io/v1alpha2": ("GRPCRoute", "Gateway", "HTTPRoute"),
    "gateway.networking.k8s.io/v1beta1": ("Gateway", "HTTPRoute"),
    "networking.k8s.io/v1beta1": ("Ingress",),
    "node.k8s.io/v1alpha1": ("RuntimeClass",),
    "node.k8s.io/v1beta1": ("RuntimeClass",),
    "policy/v1beta1": ("PodDisruptionBudget",),
    "rbac.authorization.k8s.io/v1alpha1": RBAC,
    "rbac.authorization.k8s.io/v1beta1": RBAC,
    "scheduling.k8s.io/v1alpha1": ("PriorityClass",),
    "scheduling.k8s.io/v1beta1": ("PriorityClass",),
    "storage.k8s.io/v1beta1": ("CSIStorageCapacity", "StorageClass"),
}
"""Versions of Kubernetes' own APIs that are neither stable nor the only ones of a kind."""
OLD = tuple(f"kubernetes:{version}:{kind}" for version, kinds in UNSTABLE.items() for kind in kinds)


def model_has_a_card(service: Resource) -> Iterable[str]:
    """`governance` has `intendedUse`, `trainingData` and `evaluation`, and `tags` has `owner`, unless `environment` is
    dev or test.
    """
    before_production(service)
    tags, governance = mapping(service.at("tags")), mapping(service.at("governance"))
    lacking = [name for name in CARD if not is_set(governance, name)]
    if not any(plain(key) == "owner" and is_set(tags, key) for key in tags):
        lacking.append("owner")
    if lacking:
        yield f"the model's card lacks {', '.join(lacking)}"


def risk_class_is_declared(service: Resource) -> Iterable[str]:
    """`governance.riskClass` is minimal, limited or high, unless `environment` is dev or test."""
    before_production(service)
    risk_class = service.at("governance", "riskClass")
    if risk_class not in RISK_CLASSES:
        yield f"the risk class is {risk_class or 'not declared'}; it is one of {', '.join(RISK_CLASSES)}"


def somebody_can_stop_the_model(service: Resource) -> Iterable[str]:
    """`governance.oversightContact` is set, unless `environment` is dev or test."""
    before_production(service)
    if not is_set(service.at("governance"), "oversightContact"):
        yield "nothing says who can stop the model"


def captures_are_in_band(service: Resource) -> Iterable[str]:
    """`monitoring.capture.percent` is 0, or between parameters `leastSamplingPercent` and `mostSamplingPercent`, and
    `monitoring.capture.retentionDays` between `leastRetentionDays` and `mostRetentionDays`.
    """
    capture = service.at("monitoring", "capture")
    if not (percent := number(at(capture, "percent"), 0)):
        raise NotApplicable("it keeps no requests")
    least, most = (service.parameters[name] for name in ("leastSamplingPercent", "mostSamplingPercent"))
    if not least <= percent <= most:
        yield f"{percent:g} % of the requests are kept, not {least:g} to {most:g} %"
    shortest, longest = (service.parameters[name] for name in ("leastRetentionDays", "mostRetentionDays"))
    if not shortest <= (days := number(at(capture, "retentionDays"), 0)) <= longest:
        yield f"requests are kept for {days:g} days, not {shortest:g} to {longest:g}"


def before_production(service: Resource) -> None:
    """Return where a service is for production.

    Raises:
        NotApplicable: it is for development or tests.
    """
    if (environment := service.at("environment")) in ("dev", "test"):
        raise NotApplicable(f"{environment} is not production")


def earlier_pods_are_known(workload: Resource) -> Iterable[str]:
    """`spec.revisionHistoryLimit` is not 0."""
    if workload.at("spec", "revisionHistoryLimit") == 0:
        yield "revisionHistoryLimit is 0: nothing leads back to the pods before an update"


def api_has_a_stable_version(resource: Resource) -> Iterable[str]:
    """The version is stable, unless a label or annotation `environment` is dev or test; no other control judges what
    is not.
    """
    in_production(resource)
    _, version, kind = resource.type.split(":")
    yield f"{kind} is of {version}, although its API has a stable version"


CONTROLS = (
    Control(
        id="GOV-04",
        title="The model has a card before production",
        severity="medium",
        levels=USUAL,
        frameworks=("EU AI Act 11", "EU AI Act 13", "NIST AI RMF MAP 1", "ISO42001 A.6.2.7", "ISO42001 A.8.2"),
        remediation="Set metadata.owner, and governance.intendedUse, trainingData and evaluation of the service.",
        checks=dict.fromkeys(COMPONENTS, model_has_a_card),
    ),
    Control(
        id="GOV-06",
        title="An update can be undone",
        severity="medium",
        levels=ADVICE,
        frameworks=("NIST CM-3", "EU AI Act 15", "ISO42001 A.6.2.5"),
        remediation="Leave revisionHistoryLimit out, or make it 1 or more; let a registry keep the images of the last "
        "versions. Let rules that delete blobs leave models alone.",
        checks={
            **dict.fromkeys((DEPLOYMENT, STATEFUL_SET, DAEMON_SET), earlier_pods_are_known),
            aws.IMAGE_LIFECYCLE: on_aws.earlier_images_are_kept,
            gcp.REPOSITORY: on_gcp.earlier_images_are_kept,
            azure.MANAGEMENT_POLICY: on_azure.earlier_models_are_kept,
            azure.MODEL_VERSION: on_azure.version_is_at_hand,
        },
    ),
    Control(
        id="GOV-07",
        title="Somebody can stop the model",
        severity="medium",
        levels=Levels("disabled", "advisory", "mandatory"),
        frameworks=("EU AI Act 14", "EU AI Act 26(2)", "NIST AI RMF MANAGE 2.4"),
        remediation="Name the person or the rota in governance.oversightContact of the service.",
        checks=dict.fromkeys(COMPONENTS, somebody_can_stop_the_model),
    ),
    Control(
        id="GOV-08",
        title="Bias is looked for where the risk is high",
        severity="medium",
        levels=ADVICE,
        frameworks=("EU AI Act 10", "EU AI Act 15", "NIST AI RMF MEASURE 2.11", "ISO42001 A.6.2.4"),
        remediation="Set governance.biasCheck of the service, or add a job that looks for bias or explains answers.",
        checks={
            aws.ENDPOINT: on_aws.bias_is_watched,
            gcp.COMPONENT: on_gcp.bias_is_watched,
            azure.ENDPOINT: on_azure.bias_is_watched,
        },
        scope="stack",
    ),
    Control(
        id="GOV-09",
        title="As much is kept of requests, and for as long, as is needed",
        severity="medium",
        levels=USUAL,
        frameworks=("GDPR 5(1)(c)", "GDPR 5(1)(e)", "CCPA 1798.100(c)", "EU AI Act 19", "EU AI Act 26(6)"),
        remediation="Keep a share of the requests, and let what is kept expire.",
        checks={
            aws.ENDPOINT_CONFIGURATION: on_aws.captures_are_in_band,
            gcp.ENDPOINT: on_gcp.sampling_is_in_band,
            gcp.DATASET: on_gcp.retention_is_in_band,
            azure.DEPLOYMENT: on_azure.sampling_is_in_band,
            azure.MANAGEMENT_POLICY: on_azure.retention_is_in_band,
            "modelport:kubernetes:Service": captures_are_in_band,
        },
        scope="stack",
        parameters={
            "leastSamplingPercent": parameter("The smallest share of requests that is kept, in percent.", 1),
            "mostSamplingPercent": parameter("The largest share, in percent.", 100),
            "leastRetentionDays": parameter("The shortest time that requests are kept, in days.", 1),
            "mostRetentionDays": parameter("The longest time, in days.", 400),
        },
    ),
    Control(
        id="GOV-10",
        title="Workspaces with sensitive data say so",
        severity="medium",
        levels=USUAL,
        frameworks=("GDPR 32", "CCPA 1798.100(e)", "MCSB DP"),
        remediation="Replace the workspace by one with hbiWorkspace: Azure keeps less of it for diagnosis.",
        checks={azure.WORKSPACE: on_azure.workspace_is_for_sensitive_data},
    ),
    Control(
        id="GOV-11",
        title="Production asks for stable versions of APIs",
        severity="low",
        levels=ADVICE,
        frameworks=("NIST CM-7", "NIST SA-22"),
        remediation="Write the stable version, which other controls judge, too.",
        checks={
            **dict.fromkeys(OLD, api_has_a_stable_version),
            aws.ENDPOINT: never("the types of AWS name no version of an API"),
            **dict.fromkeys(gcp.OLD, on_gcp.api_is_stable),
            **dict.fromkeys(azure.REGIONAL, on_azure.api_is_stable),
        },
    ),
)


def exemptions_in_order(problems: Sequence[str]) -> Control:
    """The control over the exemptions file, judged on the stack itself: that is registered before anything else."""

    def every_exemption_holds(_stack: Resource) -> Iterable[str]:
        """No input: every entry of the exemptions file says what it must, and has not expired."""
        return problems

    return Control(
        id=OF_EXEMPTIONS,
        title="Every exemption names an owner, a reason, a ticket and a date that has not passed",
        severity="high",
        levels=Levels("mandatory", "mandatory", "mandatory"),
        frameworks=("NIST CA-5", "SOC2 CC4.2", "ISO27001 A.5.36"),
        remediation="Correct, renew or remove the entry at the line that is named. Until then it exempts nothing.",
        checks={"pulumi:pulumi:Stack": every_exemption_holds},
    )
