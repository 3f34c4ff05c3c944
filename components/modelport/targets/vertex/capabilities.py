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
ENCRYPTED = (*("Bucket.encryption.defaultKmsKeyName", "Repository.kmsKeyName", "Model.encryptionSpec.kmsKeyName"),)
"""What another key moves."""


def _endpoint(path: str, *, also: tuple[str, ...] = (), differs: str = "") -> Capability:
    return native(path, source=f"{API}.endpoints", also=also, differs=differs)


def _machine(*, also: tuple[str, ...] = ()) -> Capability:
    return _endpoint(f"{MACHINES}.machineSpec.machineType", also=also)


def _model(path: str, *, also: tuple[str, ...] = ()) -> Capability:
    return native(path, source="modelport:artifact:Bundle", also=(*MODEL, *also))


def _setting(name: str) -> Capability:
    return native(f"{VARIABLES}.MODELPORT_{name}.value", source="serving_image/README.md")


def _label(key: str, *, also: tuple[str, ...] = ()) -> Capability:
    return native(f"*.labels.{key}", source=LABELS, also=(f"*.tags.{key}", *also))


def _budget(field: str, *, also: tuple[str, ...]) -> Capability:
    page = "https://cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets"
    return native(f"Budget.amount.specifiedAmount.{field}", source=page, also=also)


OF_A_CLUSTER = refused("Vertex AI has no such thing", instead="the kubernetes target")

CAPABILITIES: Capabilities = {
    **UNBUILT,
    **OWN,
    **{field: OF_A_CLUSTER for field in FIELDS if field.startswith(EXISTING)},
    "existing.topic": unbuilt(),
    "existing.runbooks": unbuilt(),
    "existing.securityGroups": refused("rules of networks name no groups on Google Cloud", instead="existing.vpc"),
    "existing.permissionsBoundary": refused("Google Cloud has no boundaries of roles", instead="existing.role"),
    **recorded("modelport:vertex:Service"),
    "metadata.name": _endpoint(
        "AiEndpoint.displayName",
        also=(
            *("AiEndpoint.name", "Repository.repositoryId", "Repository.description", "Account.*"),
            *("Model.modelId", "Model.displayName", "Service.service", "Bundle.target", "Image.repository", *MODEL),
            *("*.labels.service", "*.tags.service"),
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
        also=(f"{MACHINES}.machineSpec.machineType", "Service.accelerator.kind"),
    ),
    "compute.accelerator.count": _endpoint(
        f"{MACHINES}.machineSpec.acceleratorCount",
        also=(f"{MACHINES}.machineSpec.machineType", "Service.accelerator.count"),
    ),
    "compute.accelerator.sharing": refused(
        "a machine of Vertex AI has its GPUs for itself", instead="the kubernetes target", always="none"
    ),
    "scaling.min": _endpoint(f"{MACHINES}.minReplicaCount", also=("Service.scaling.min",)),
    "scaling.max": _endpoint(f"{MACHINES}.maxReplicaCount", also=("Service.scaling.max",)),
    "scaling.target.metric": native_but(
        f"{MACHINES}.autoscalingMetricSpecs",
        only=("cpu", "accelerator", "requestsPerSecond"),
        reason="the number of machines follows CPU, accelerators or requests",
        instead="requestsPerSecond",
        source=f"{API}.endpoints",
    ),
    "scaling.target.value": _endpoint(f"{MACHINES}.autoscalingMetricSpecs"),
    "scaling.scaleToZero": unbuilt(always=False),
    "mode": native_but(
        "Service.mode",
        only=("realtime", "batch"),
        reason="Vertex AI has no queue, and Cloud Run, which keeps no machine, is not built",
        instead="realtime",
        source=f"{API}.batchPredictionJobs",
        also=(*("AiEndpoint.*", "DeployedModel.*", "TrafficSplit.*", "Bucket.lifecycleRules", *OF_A_NETWORK),),
    ),
    "request.timeout": _setting("TIMEOUT"),
    "request.payload": _setting("MAX_BODY"),
    "startupSeconds": native(
        "Model.containerSpec.startupProbe.failureThreshold",
        source=f"{API}.models",
        also=("Model.containerSpec.deploymentTimeout", "DeployedModel.seconds"),
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
    "monitoring.alerts.enabled": unbuilt(always=False),
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
