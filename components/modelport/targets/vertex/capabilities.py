from modelport.plan import (
    EXISTING,
    FIELDS,
    OWN,
    UNBUILT,
    Capabilities,
    Capability,
    native,
    native_but,
    recorded,
    refused,
    unbuilt,
)

API = "https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations"
LABELS = "https://cloud.google.com/resource-manager/docs/labels-overview"
MACHINES = "DeployedModel.dedicatedResources"
SPLIT = "TrafficSplit.percentages.*"
"""Deployments have other ids when something of them is another."""
VARIABLES = "Model.containerSpec.env"
MODEL = ("Bundle.*", f"{VARIABLES}.MODELPORT_DIGEST.value")
"""What another model moves."""
OF_A_NETWORK = ("Network.*", "Subnetwork.*", "Firewall.*", "Address.*", "ForwardingRule.*")
PRIVATE = "AiEndpoint.privateServiceConnectConfig"
MONITORING = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3"
SHOWN = "Dashboard.dashboardJson"
SAID = ("AlertPolicy.conditions", "AlertPolicy.documentation.*")
"""What an alert asks, and what it says."""
WATCHED = ("AlertPolicy.*", "CustomService.*", "Slo.*", "Dashboard.*")
"""What there is of an endpoint alone."""
ENCRYPTED = (*("Bucket.encryption.defaultKmsKeyName", "Repository.kmsKeyName", "Model.encryptionSpec.kmsKeyName"),)
"""What another key moves."""


def _endpoint(path: str, *, also: tuple[str, ...] = (), differs: str = "") -> Capability:
    return native(path, source=f"{API}.endpoints", also=also, differs=differs)


def _objective(path: str, *also: str) -> Capability:
    return native(path, source=f"{MONITORING}/services.serviceLevelObjectives", also=also)


def _alerting(*, also: tuple[str, ...] = (), differs: str = "") -> Capability:
    return native("AlertPolicy.*", source=f"{MONITORING}/projects.alertPolicies", also=also, differs=differs)


def _machine(*, also: tuple[str, ...] = ()) -> Capability:
    return _endpoint(f"{MACHINES}.machineSpec.machineType", also=(*SAID, SHOWN, *also))


def _model(path: str, *, also: tuple[str, ...] = ()) -> Capability:
    return native(path, source="modelport:artifact:Bundle", also=(*MODEL, *also))


def _setting(name: str) -> Capability:
    return native(f"{VARIABLES}.MODELPORT_{name}.value", source="serving_image/README.md")


def _label(key: str, *, also: tuple[str, ...] = ()) -> Capability:
    return native(f"*.labels.{key}", source=LABELS, also=(f"*.userLabels.{key}", f"*.tags.{key}", *also))


def _budget(field: str, *, also: tuple[str, ...]) -> Capability:
    page = "https://cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets"
    return native(f"Budget.amount.specifiedAmount.{field}", source=page, also=also)


OF_A_CLUSTER = refused("Vertex AI has no such thing", instead="the kubernetes target")

CAPABILITIES: Capabilities = {
    **UNBUILT,
    **OWN,
    **{field: OF_A_CLUSTER for field in FIELDS if field.startswith(EXISTING)},
    "existing.securityGroups": refused("rules of networks name no groups on Google Cloud", instead="existing.vpc"),
    "existing.permissionsBoundary": refused("Google Cloud has no boundaries of roles", instead="existing.role"),
    **recorded("modelport:vertex:Service"),
    "metadata.name": _endpoint(
        "AiEndpoint.displayName",
        also=(
            *("AiEndpoint.name", "Repository.repositoryId", "Repository.description", "Account.*"),
            *("Model.modelId", "Model.displayName", "Service.service", "Bundle.target", "Image.repository", *MODEL),
            *("*.labels.service", "*.userLabels.service", "*.tags.service", *SAID, "AlertPolicy.displayName"),
            *("CustomService.*", "Slo.service", "Slo.requestBasedSli.*", SHOWN),
        ),
    ),
    "metadata.owner": _label("owner"),
    "metadata.costCenter": _label("cost_center", also=("*.tags.cost_center",)),
    "metadata.labels": _label("*"),
    "model.source": _model("Bundle.digest"),
    "model.version": _model("Bundle.digest", also=("Model.versionDescription",)),
    "model.sha256": _model("Bundle.digest"),
    "model.precision": _model("Bundle.digest"),
    "model.pipeline.before": _model("Bundle.digest"),
    "model.pipeline.after": _model("Bundle.digest"),
    "model.batching.maxSize": _setting("MAX_BATCH"),
    "compute.cpu": _machine(),
    "compute.memory": _machine(),
    "compute.machine": _machine(),
    "compute.accelerator.kind": _endpoint(
        f"{MACHINES}.machineSpec.acceleratorType",
        also=(f"{MACHINES}.machineSpec.machineType", "Service.accelerator.kind", *SAID, SHOWN),
    ),
    "compute.accelerator.count": _endpoint(
        f"{MACHINES}.machineSpec.acceleratorCount",
        also=(f"{MACHINES}.machineSpec.machineType", "Service.accelerator.count", *SAID, SHOWN),
    ),
    "compute.accelerator.sharing": refused(
        "a machine of Vertex AI has its GPUs for itself", instead="the kubernetes target", always="none"
    ),
    "scaling.min": _endpoint(f"{MACHINES}.minReplicaCount", also=("Service.scaling.min", *SAID)),
    "scaling.max": _endpoint(f"{MACHINES}.maxReplicaCount", also=("Service.scaling.max",)),
    "scaling.target.metric": native_but(
        f"{MACHINES}.autoscalingMetricSpecs",
        only=("cpu", "accelerator", "requestsPerSecond"),
        reason="the number of machines follows CPU, accelerators or requests",
        instead="requestsPerSecond",
        source=f"{API}.endpoints",
    ),
    "scaling.target.value": _endpoint(f"{MACHINES}.autoscalingMetricSpecs"),
    "scaling.scaleToZero": refused(
        "the API of Vertex AI that is not in preview keeps a machine", instead="mode: batch", always=False
    ),
    "mode": native_but(
        "Service.mode",
        only=("realtime", "batch"),
        reason="Vertex AI has no queue, and Cloud Run, which keeps no machine, is not built",
        instead="realtime",
        source=f"{API}.batchPredictionJobs",
        also=("AiEndpoint.*", "DeployedModel.*", "TrafficSplit.*", "Bucket.lifecycleRules", *OF_A_NETWORK, *WATCHED),
    ),
    "request.timeout": _setting("TIMEOUT"),
    "request.payload": _setting("MAX_BODY"),
    "startupSeconds": native(
        "Model.containerSpec.startupProbe.failureThreshold",
        source=f"{API}.models",
        also=("Model.containerSpec.deploymentTimeout", "DeployedModel.seconds", "AlertPolicy.conditions"),
    ),
    "protocols.rest": unbuilt(always=True),
    "protocols.grpc": unbuilt(always=False),
    "protocols.v1": unbuilt(always=False),
    "serving.image": native("Image.source", source="modelport:artifact:Image"),
    "serving.delivery": OF_A_CLUSTER,
    "rollout.steps": native(
        "Service.rollout.steps", source="modelport rollout --help", differs="written by `modelport rollout step`"
    ),
    "rollout.mirror": refused("Vertex AI copies no requests to another model", instead="releases.weight", always=0),
    "slo.availability": _objective("Slo.goal", "Slo.displayName", *SAID, SHOWN),
    "slo.latency.p50": _objective("Slo.requestBasedSli.distributionCut.range.max", SHOWN),
    "slo.latency.p95": _objective("Slo.requestBasedSli.distributionCut.range.max", SHOWN),
    "slo.latency.p99": _objective("Slo.requestBasedSli.distributionCut.range.max", SHOWN),
    "monitoring.capture.percent": _endpoint(
        "AiEndpoint.predictRequestResponseLoggingConfig.samplingRate", also=("Service.monitoring.capture.percent",)
    ),
    "monitoring.capture.retention": native(
        "Dataset.defaultPartitionExpirationMs",
        source="https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets",
        also=("Service.monitoring.capture.retentionDays",),
    ),
    "monitoring.capture.redact": refused(
        "Vertex AI keeps requests and answers as they are", instead="monitoring.capture.percent: 0"
    ),
    "monitoring.drift.enabled": unbuilt(always=False),
    "monitoring.alerts.enabled": _alerting(
        differs="without the alerts that Vertex AI has no metrics for (docs/targets/vertex.md)"
    ),
    "monitoring.alerts.notify": native(
        "NotificationChannel.*",
        source=f"{MONITORING}/projects.notificationChannels",
    ),
    "monitoring.alerts.modelAge": refused(
        "Vertex AI does not say since when a model serves", instead="modelAge: null, and the date of the release"
    ),
    "monitoring.retraining.trigger": unbuilt(always="never"),
    "security.exposure": native_but(
        f"{PRIVATE}.enablePrivateServiceConnect",
        only=("private", "public"),
        reason="networks connect to the endpoint one by one, or the internet does",
        instead="private",
        source=f"{API}.endpoints",
        also=(
            *("AiEndpoint.dedicatedEndpointEnabled", "AiEndpoint.labels.exposure", f"{PRIVATE}.*", "Service.exposure"),
            *OF_A_NETWORK,
        ),
    ),
    "security.auth": native_but(
        f"{PRIVATE}.enableSecurePrivateServiceConnect",
        only=("platform", "none"),
        reason="Vertex AI knows its callers by IAM",
        instead="platform",
        source=f"{API}.endpoints",
        also=("Service.auth",),
    ),
    "security.encryption": unbuilt(always="customer-key"),
    "security.dataClass": _label("data_class", also=("Service.dataClass",)),
    "governance.riskClass": _label("risk_class", also=("Service.governance.riskClass",)),
    "governance.biasCheck": unbuilt(always=False),
    "governance.explanation": unbuilt(always="none"),
    "budget.amount": _budget("units", also=("Service.budget.amount",)),
    "budget.currency": _budget("currencyCode", also=("Service.budget.currency",)),
    "releases.stable.source": _model("Bundle.digest"),
    "releases.stable.digest": _model("Bundle.digest"),
    "releases.stable.image": native("Image.source", source="modelport:artifact:Image"),
    "releases.candidate.source": _model("Bundle.digest"),
    "releases.candidate.digest": _model("Bundle.digest"),
    "releases.candidate.image": native("Image.source", source="modelport:artifact:Image"),
    "releases.weight": _endpoint(SPLIT),
    "releases.unwaited": refused("a deployment always waits until its machines answer", instead="weight alone"),
    "releases.mirror": refused("Vertex AI copies no requests to another model", instead="releases.weight", always=0),
    "existing.topic": _alerting(),
    "existing.runbooks": _alerting(),
    "existing.vpc": native(
        "ForwardingRule.network",
        source="https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect",
    ),
    "existing.subnets": native(
        "Address.subnetwork", source="https://cloud.google.com/compute/docs/reference/rest/v1/addresses"
    ),
    "existing.role": _endpoint(
        "DeployedModel.serviceAccount",
        differs="who deploys may be it, and it may read below existing.bucket",
    ),
    "existing.key": _endpoint(
        "AiEndpoint.encryptionSpec.kmsKeyName",
        also=ENCRYPTED,
        differs="the agents of Vertex AI, Cloud Storage, Artifact Registry and, for captures, BigQuery may use it",
    ),
    "existing.bucket": native(
        "Bundle.target",
        source="modelport:artifact:Bundle",
        differs="who deploys may write below the address, and the service's account and Vertex AI's agent read",
    ),
    "existing.registry": native(
        "Image.repository",
        source="modelport:artifact:Image",
        differs="who deploys may push to it, and Vertex AI's agent read",
    ),
}
