from modelport.plan import (
    EXISTING,
    FIELDS,
    OWN,
    UNBUILT,
    Capabilities,
    Capability,
    native,
    recorded,
    refused,
    unbuilt,
)

API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference"
ALARMS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"
TELLS = "https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"
SHOWN = "Dashboard.dashboardBody"
LATE = "the time within SageMaker, beside that within the container, is not counted"
UNDOING = "Endpoint.deploymentConfig.autoRollbackConfiguration.alarms"
UPDATE = "Endpoint.deploymentConfig.blueGreenUpdatePolicy"
VARIANT = "EndpointConfiguration.productionVariants.*"
FOLLOWED = "Policy.targetTrackingScalingPolicyConfiguration"
CONTAINER = "Model.primaryContainer"
MODEL = (
    "Bundle.*",
    f"{CONTAINER}.environment.MODELPORT_DIGEST",
    "SmokeTest.bundles.*",
    "SmokeTest.digests.*",
    "ModelPackage.digest",
)
"""What another model moves."""
EXCHANGED = ("RolePolicy.policy", "Policy.policy", "BucketLifecycleConfiguration.rules", "VpcEndpoint.policy")
"""What moves where requests and answers are files."""
ENCRYPTED = (
    "BucketServerSideEncryptionConfiguration.rules",
    "BucketPolicy.policy",
    "LogGroup.kmsKeyId",
    "Repository.encryptionConfigurations",
    "Topic.kmsMasterKeyId",
    "RolePolicy.policy",
)
"""What another key moves."""
BUSY = (
    *("Variants.variants.*", "Target.tags.machine"),
    *("MetricAlarm.metricQueries", "MetricAlarm.alarmDescription", "Dashboard.dashboardBody"),
    "ModelPackage.realtime",
)
"""What another machine moves."""


def _sagemaker(path: str, operation: str, *, also: tuple[str, ...] = (), differs: str = "") -> Capability:
    return native(path, source=f"{API}/API_{operation}.html", also=also, differs=differs)


def _variant(field: str, *, also: tuple[str, ...] = (), differs: str = "") -> Capability:
    return _sagemaker(f"{VARIANT}.{field}", "ProductionVariant", also=also, differs=differs)


def _update(field: str, *, also: tuple[str, ...], differs: str) -> Capability:
    return _sagemaker(f"{UPDATE}.{field}", "BlueGreenUpdatePolicy", also=also, differs=differs)


def _model(path: str) -> Capability:
    return native(path, source="modelport:artifact:Bundle", also=MODEL)


def _setting(name: str) -> Capability:
    return native(f"{CONTAINER}.environment.MODELPORT_{name}", source="serving_image/README.md")


def _tag(key: str, *, also: tuple[str, ...] = ()) -> Capability:
    page = "https://docs.aws.amazon.com/tag-editor/latest/userguide"
    return native(f"*.tags.{key}", source=page, also=(f"ModelPackage.metadata.{key}", *also))


def _scaled(path: str, operation: str, *, also: tuple[str, ...] = ()) -> Capability:
    pages = "https://docs.aws.amazon.com/autoscaling/application/APIReference"
    return native(path, source=f"{pages}/API_{operation}.html", also=also)


def _budget(field: str, *, also: tuple[str, ...]) -> Capability:
    page = "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html"
    return native(f"Budget.{field}", source=page, also=also)


def _alarming(*, also: tuple[str, ...] = (), differs: str = "") -> Capability:
    """What moves alarms, and those that are made of others."""
    return native("MetricAlarm.*", source=ALARMS, also=("CompositeAlarm.*", *also), differs=differs)


def _captured(field: str, *, also: tuple[str, ...] = ()) -> Capability:
    return _sagemaker(f"EndpointConfiguration.dataCaptureConfig.{field}", "DataCaptureConfig", also=also)


OF_A_CLUSTER = refused("SageMaker has no such thing", instead="the kubernetes target")
OF_ALL = ("vpc", "subnets", "securityGroups", "role", "permissionsBoundary", "key", "bucket", "registry", "topic")
"""What a stack on AWS may have already."""

CAPABILITIES: Capabilities = {
    **UNBUILT,
    **OWN,
    **{field: OF_A_CLUSTER for field in FIELDS if field.startswith(EXISTING)},
    **{f"{EXISTING}{name}": unbuilt() for name in OF_ALL},
    f"{EXISTING}vpc": refused("a network is known by its subnets", instead="existing.subnets"),
    **recorded("modelport:sagemaker:Service"),
    "metadata.name": _sagemaker(
        "Endpoint.name",
        "CreateEndpoint",
        also=(
            "*.name",
            "*.namePrefix",
            "*.bucketPrefix",
            "*.description",
            "*.policy",
            "MetricAlarm.alarmDescription",
            "MetricAlarm.metricQueries",
            "CompositeAlarm.alarm*",
            "Dashboard.*",
            UNDOING,
            "*.resourceId",
            f"{FOLLOWED}.*.EndpointName.value",
            "*.tags.service",
            "Service.service",
            *MODEL,
            "Bundle.target",
            "SmokeTest.endpoint",
            "Variants.endpoint",
            "ModelPackage.group",
            "ModelPackage.metadata.service",
        ),
    ),
    "metadata.owner": _tag("owner"),
    "metadata.costCenter": _tag("costCenter"),
    "metadata.labels": _tag("*"),
    "model.source": _model("Bundle.digest"),
    "model.version": native(
        "Bundle.digest",
        source="modelport:artifact:Bundle",
        also=(*MODEL, "ModelPackage.description", "ModelPackage.metadata.version"),
    ),
    "model.sha256": _model("Bundle.digest"),
    "model.precision": _model("Bundle.digest"),
    "model.pipeline.before": _model("Bundle.digest"),
    "model.pipeline.after": _model("Bundle.digest"),
    "model.batching.maxSize": _setting("MAX_BATCH"),
    "compute.cpu": _variant("instanceType", also=(f"{FOLLOWED}.targetValue", *BUSY)),
    "compute.memory": _variant("instanceType", also=(f"{FOLLOWED}.targetValue", *BUSY)),
    "compute.machine": _variant("instanceType", also=(f"{FOLLOWED}.targetValue", *BUSY)),
    "compute.accelerator.kind": _variant(
        "instanceType",
        also=("Service.accelerator.kind", "ModelPackage.realtime", "Variants.variants.*", "Target.tags.machine"),
    ),
    "compute.accelerator.count": _variant(
        "instanceType", also=("Service.accelerator.count", f"{FOLLOWED}.targetValue", *BUSY)
    ),
    "compute.accelerator.sharing": refused(
        "an instance of SageMaker has its GPUs for itself", instead="the kubernetes target", always="none"
    ),
    "scaling.min": _variant("initialInstanceCount", also=("Target.minCapacity", "Service.scaling.min")),
    "scaling.max": _scaled("Target.maxCapacity", "RegisterScalableTarget", also=("Service.scaling.max",)),
    "scaling.target.metric": _scaled(f"{FOLLOWED}.*", "PutScalingPolicy"),
    "scaling.target.value": _scaled(f"{FOLLOWED}.targetValue", "PutScalingPolicy"),
    "scaling.schedule": _scaled("ScheduledAction.*", "PutScheduledAction"),
    "scaling.scaleToZero": _scaled(
        "Target.minCapacity", "PutScalingPolicy", also=("Policy.*", "MetricAlarm.*", "Service.scaling.min")
    ),
    "mode": _sagemaker(
        "EndpointConfiguration.asyncInferenceConfig.*",
        "AsyncInferenceConfig",
        also=("Service.mode", "Endpoint.tags.mode", *EXCHANGED, f"{FOLLOWED}.*", "SmokeTest.*"),
    ),
    "request.timeout": _setting("TIMEOUT"),
    "request.payload": _setting("MAX_BODY"),
    "request.concurrency": _sagemaker(
        "EndpointConfiguration.asyncInferenceConfig.clientConfig.maxConcurrentInvocationsPerInstance",
        "AsyncInferenceClientConfig",
        also=(f"{FOLLOWED}.targetValue",),
        differs="of a serverless service the most requests at once, with scaling.max; of a realtime one nothing",
    ),
    "startupSeconds": _variant(
        "containerStartupHealthCheckTimeoutInSeconds",
        also=(
            f"{VARIANT}.modelDataDownloadTimeoutInSeconds",
            f"{FOLLOWED}.scaleOutCooldown",
            f"{UPDATE}.maximumExecutionTimeoutInSeconds",
            "SmokeTest.seconds",
        ),
    ),
    "protocols.rest": unbuilt(always=True),
    "protocols.grpc": refused(
        "SageMaker passes requests on over HTTP alone", instead="the kubernetes target", always=False
    ),
    "protocols.v1": unbuilt(always=False),
    "serving.image": native("Image.source", source="modelport:artifact:Image"),
    "serving.delivery": OF_A_CLUSTER,
    "rollout.steps": _update(
        "trafficRoutingConfiguration.canarySize.value",
        also=("Service.rollout.steps",),
        differs="within an update: the first step and then the rest, or equal steps; the sample is asked after the last"
        " of them, with alarms as the guard; `modelport rollout` takes all, and asks before a candidate gets requests",
    ),
    "rollout.bake": _update(
        "trafficRoutingConfiguration.waitIntervalInSeconds",
        also=(f"{UPDATE}.terminationWaitInSeconds", f"{UPDATE}.maximumExecutionTimeoutInSeconds", "SmokeTest.seconds"),
        differs="within an update, unless `modelport:releases` names the service",
    ),
    "rollout.rollbackOn": _sagemaker(
        UNDOING,
        "AutoRollbackConfig",
        differs="within an update, unless `modelport:releases` names the service",
    ),
    "rollout.mirror": native(
        "Service.rollout.mirror", source="modelport rollout --help", differs="written by `modelport rollout start`"
    ),
    "slo.availability": _alarming(also=(SHOWN,)),
    "slo.latency.p50": native("MetricAlarm.metricQueries", source=ALARMS, also=(SHOWN,), differs=LATE),
    "slo.latency.p95": native("MetricAlarm.metricQueries", source=ALARMS, also=(SHOWN,), differs=LATE),
    "slo.latency.p99": native("MetricAlarm.metricQueries", source=ALARMS, also=(SHOWN,), differs=LATE),
    "monitoring.capture.percent": _captured("initialSamplingPercentage", also=("Service.monitoring.capture.percent",)),
    "monitoring.capture.retention": native(
        "BucketLifecycleConfiguration.rules",
        source="https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html",
        also=("Service.monitoring.capture.retentionDays",),
    ),
    "monitoring.capture.redact": refused(
        "SageMaker keeps requests and answers as they are", instead="monitoring.capture.percent: 0"
    ),
    "monitoring.drift.enabled": unbuilt(always=False),
    "monitoring.alerts.enabled": _alarming(
        also=("Topic.*", "TopicPolicy.*", UNDOING),
        differs="without the alerts that SageMaker has no metrics for (docs/targets/sagemaker.md)",
    ),
    "monitoring.alerts.notify": native("TopicSubscription.*", source=TELLS),
    "monitoring.alerts.modelAge": refused(
        "SageMaker does not say since when a model serves", instead="modelAge: null, and the date of the release"
    ),
    "monitoring.retraining.trigger": unbuilt(always="never"),
    "security.exposure": refused(
        "SageMaker answers those alone whom IAM lets call it", instead="a gateway of your own", always="private"
    ),
    "security.auth": refused("SageMaker knows its callers by IAM alone", instead="platform", always="platform"),
    "security.encryption": unbuilt(always="customer-key"),
    "security.dataClass": _tag("dataClass", also=("Service.dataClass",)),
    "governance.riskClass": _tag("riskClass", also=("Service.governance.riskClass",)),
    "governance.biasCheck": unbuilt(always=False),
    "governance.explanation": unbuilt(always="none"),
    "releases.stable.source": _model("Bundle.digest"),
    "releases.stable.digest": _model("Bundle.digest"),
    "releases.stable.image": native("Image.source", source="modelport:artifact:Image"),
    "budget.amount": _budget("limitAmount", also=("Service.budget.amount",)),
    "budget.currency": _budget("limitUnit", also=("Service.budget.currency",)),
    "releases.candidate.source": _model("Bundle.digest"),
    "releases.candidate.digest": _model("Bundle.digest"),
    "releases.candidate.image": native("Image.source", source="modelport:artifact:Image"),
    "releases.weight": _sagemaker("Weights.weights.*", "UpdateEndpointWeightsAndCapacities"),
    "releases.mirror": _sagemaker(
        "EndpointConfiguration.shadowProductionVariants.*.initialVariantWeight",
        "CreateEndpointConfig",
        differs="while one version answers all requests",
    ),
    "releases.unwaited": refused(
        "an update of an endpoint always waits until its instances are ready", instead="weight alone"
    ),
    "existing.subnets": _sagemaker(
        "Model.vpcConfig.subnets",
        "VpcConfig",
        also=("RolePolicy.policy",),
        differs="they lead to S3, ECR, KMS and CloudWatch Logs",
    ),
    "existing.securityGroups": _sagemaker(
        "Model.vpcConfig.securityGroupIds",
        "VpcConfig",
        also=("RolePolicy.policy",),
        differs="they let HTTPS out to S3, ECR, KMS and CloudWatch Logs",
    ),
    "existing.role": _sagemaker(
        "Model.executionRoleArn",
        "CreateModel",
        differs="SageMaker may assume it, and it may what the role may that is made without it",
    ),
    "existing.permissionsBoundary": native(
        "Role.permissionsBoundary", source="https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"
    ),
    "existing.key": _sagemaker(
        "EndpointConfiguration.kmsKeyArn",
        "CreateEndpointConfig",
        also=ENCRYPTED,
        differs="its policy lets the account's roles use it, and CloudWatch Logs for the service's log groups",
    ),
    "existing.topic": _alarming(
        also=("EndpointConfiguration.asyncInferenceConfig.*", "RolePolicy.policy"),
        differs="lets alarms and budgets publish, and the role of an asynchronous service, which tells what failed",
    ),
    "existing.runbooks": _alarming(),
    "existing.bucket": native(
        "Bundle.target",
        source="modelport:artifact:Bundle",
        also=("RolePolicy.policy",),
        differs="who deploys may write below the address, and the service's role read",
    ),
    "existing.registry": native(
        "Image.repository",
        source="modelport:artifact:Image",
        also=("RolePolicy.policy",),
        differs="it has the repository modelport-server, to which who deploys may push",
    ),
}
