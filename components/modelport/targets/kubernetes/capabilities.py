from modelport.plan import (
    OWN,
    UNBUILT,
    Capabilities,
    Capability,
    approximated,
    native,
    native_but,
    recorded,
    refused,
    unbuilt,
)

DOCS = "https://kubernetes.io/docs"
API = f"{DOCS}/reference/kubernetes-api"
KEDA = "https://keda.sh/docs/2.20/reference/scaledobject-spec"
GATEWAY_API = "https://gateway-api.sigs.k8s.io/reference/spec"
OPERATOR = "https://prometheus-operator.dev/docs/api-reference/api"
AUTOSCALER = "workload-resources/horizontal-pod-autoscaler-v2"
POD = "Deployment.spec.template.spec"
DEVICES = f"{POD}.containers.server.resources.limits.nvidia.com/gpu"
EXTENDED = f"{DOCS}/tasks/manage-gpus/scheduling-gpus"
SETTING = "ConfigMap.data.MODELPORT"
SETTINGS_NAME = ("ConfigMap.metadata.name", f"{POD}.containers.server.envFrom")
"""What a setting moves besides: settings are named by what they say."""
INGRESS, EGRESS = "NetworkPolicy.spec.ingress", "NetworkPolicy.spec.egress"
MODEL = (
    f"{SETTING}_DIGEST",
    *SETTINGS_NAME,
    "Bundle.*",
    "*.labels.app.kubernetes.io/version",
    f"{POD}.initContainers.*",
)
"""What another model moves."""
WATCHED = "where existing.prometheusOperator says that the operator is there"


def _in(path: str, page: str, *, also: tuple[str, ...] = (), differs: str = "") -> Capability:
    return native(path, source=f"{API}/{page}", also=also, differs=differs)


def _of_pod(path: str, *, also: tuple[str, ...] = ()) -> Capability:
    return _in(f"{POD}.{path}", "workload-resources/pod-v1", also=also)


def _amount(of: str) -> Capability:
    """Each container has as much of it as an instance, and the namespace has enough for all."""
    bounds = (f"{POD}.*.resources.*.{of}", "LimitRange.spec.limits", f"ResourceQuota.spec.hard.*.{of}")
    return _of_pod(f"containers.server.resources.limits.{of}", also=bounds)


def _setting(name: str, *, also: tuple[str, ...] = (), differs: str = "") -> Capability:
    return native(f"{SETTING}_{name}", source="serving_image/README.md", also=(*SETTINGS_NAME, *also), differs=differs)


def _label(key: str, *, also: tuple[str, ...] = ()) -> Capability:
    places = (f"*.labels.{key}", f"*.tags.{key}")
    return native(places[0], source=f"{DOCS}/concepts/overview/working-with-objects/labels", also=(places[1], *also))


def _model(path: str) -> Capability:
    return native(path, source="modelport:artifact:Bundle", also=MODEL)


def _by_keda(path: str, *, also: tuple[str, ...] = ()) -> Capability:
    return native(f"ScaledObject.spec.{path}", source=KEDA, also=also)


def _routed(path: str, *, also: tuple[str, ...] = (), differs: str = "") -> Capability:
    return native(f"HTTPRoute.{path}", source=GATEWAY_API, also=also, differs=differs)


def _of_rollouts(field: str, *, by: str) -> Capability:
    """What the commands for rollouts write into the releases."""
    return native(f"Service.{field}", source="modelport rollout --help", differs=f"written by `modelport rollout {by}`")


def _alerting(*, also: tuple[str, ...] = ()) -> Capability:
    return native("PrometheusRule.spec.groups.*", source=OPERATOR, differs=WATCHED, also=also)


def _objective() -> Capability:
    return _alerting(also=("ConfigMap.data.*.json",))


def _heard() -> Capability:
    return native("AlertmanagerConfig.spec.receivers.*", source=OPERATOR, differs=WATCHED)


OF_A_CLOUD = refused("a cluster has no such thing", instead="a cloud target")

CAPABILITIES: Capabilities = {
    **UNBUILT,
    **OWN,
    **recorded("modelport:kubernetes:Service"),
    "metadata.name": _in(
        "Deployment.metadata.name",
        "common-definitions/object-meta",
        also=(
            "*.metadata.name*",
            "*.labels.*",
            "*.app.kubernetes.io/*",
            "*.tags.service",
            "Service.*",
            "HorizontalPodAutoscaler.spec.scaleTargetRef.name",
            *MODEL,
            f"{POD}.*",
        ),
    ),
    "metadata.owner": _label("owner"),
    "metadata.costCenter": _label("costCenter"),
    "metadata.labels": _label("team"),
    "model.source": _model("Bundle.digest"),
    "model.version": _model("Bundle.digest"),
    "model.sha256": _model("Bundle.digest"),
    "model.precision": _model("Bundle.digest"),
    "model.pipeline.before": _model("Bundle.digest"),
    "model.pipeline.after": _model("Bundle.digest"),
    "model.batching.maxSize": _setting("MAX_BATCH"),
    "compute.cpu": _amount("cpu"),
    "compute.memory": _amount("memory"),
    "compute.machine": refused(
        "a cluster has nodes, and no machines to ask for",
        instead="modelport:gpuPools, or compute.cpu and compute.memory",
    ),
    "compute.accelerator.kind": _of_pod("affinity.nodeAffinity.*", also=("Service.pools", "Service.accelerator.kind")),
    "compute.accelerator.count": native(
        f"{DEVICES}*",
        source=EXTENDED,
        also=("ResourceQuota.spec.hard.requests.nvidia.com/*", "Service.accelerator.count"),
    ),
    "compute.accelerator.sharing": native(
        f"{DEVICES}*",
        source=EXTENDED,
        also=(
            "ResourceQuota.spec.hard.requests.nvidia.com/*",
            f"{POD}.affinity.nodeAffinity.*",
            "Service.pools",
        ),
    ),
    "scaling.min": _in(
        "HorizontalPodAutoscaler.spec.minReplicas", AUTOSCALER, also=("Deployment.spec.replicas", "Service.scaling.min")
    ),
    "scaling.max": _in(
        "HorizontalPodAutoscaler.spec.maxReplicas",
        AUTOSCALER,
        also=("ResourceQuota.spec.hard.*", "Service.scaling.max"),
    ),
    "scaling.target.metric": _by_keda("triggers", also=("ScaledObject.spec.fallback.*",)),
    "scaling.target.value": _in("HorizontalPodAutoscaler.spec.metrics", AUTOSCALER),
    "scaling.schedule": _by_keda("triggers"),
    "scaling.scaleToZero": approximated(
        "ScaledObject.spec.idleReplicaCount",
        differs="nobody keeps a request that comes while no instance runs: those fail until one has started",
        source=KEDA,
        also=("ScaledObject.spec.triggers", "Service.metadata.annotations.*", "Service.scaling.min"),
        always=False,
    ),
    "mode": unbuilt(always="realtime"),
    "request.timeout": _setting(
        "TIMEOUT",
        also=(f"{SETTING}_DRAIN", f"{POD}.terminationGracePeriodSeconds"),
        differs="a run that has begun is finished",
    ),
    "request.payload": _setting("MAX_BODY"),
    "startupSeconds": _of_pod(
        "containers.server.startupProbe.periodSeconds",
        also=(
            f"{POD}.containers.server.readinessProbe.periodSeconds",
            "Deployment.spec.progressDeadlineSeconds",
            "HorizontalPodAutoscaler.spec.behavior.scaleUp.policies",
        ),
    ),
    "protocols.rest": unbuilt(always=True),
    "protocols.grpc": _setting(
        "GRPC_PORT",
        also=(f"{POD}.containers.server.ports.grpc.*", "Service.spec.ports.grpc.*", INGRESS),
    ),
    "protocols.v1": unbuilt(always=False),
    "serving.image": _of_pod("containers.server.image"),
    "serving.delivery": _of_pod(
        "volumes.model.*",
        also=(f"{POD}.initContainers.*", "Bundle.*", f"{SETTING}_MODEL", *SETTINGS_NAME, EGRESS),
    ),
    "slo.availability": _objective(),
    "slo.latency.p50": _objective(),
    "slo.latency.p95": _objective(),
    "slo.latency.p99": _objective(),
    "rollout.steps": _of_rollouts("rollout.steps", by="step"),
    "rollout.mirror": _of_rollouts("rollout.mirror", by="start"),
    "monitoring.capture.percent": unbuilt(always=0),
    "monitoring.drift.enabled": unbuilt(always=False),
    "monitoring.alerts.enabled": _alerting(also=("PrometheusRule.*",)),
    "monitoring.alerts.notify": _heard(),
    "monitoring.alerts.modelAge": _alerting(),
    "monitoring.retraining.trigger": unbuilt(always="never"),
    "security.exposure": _routed("*", also=("HTTPRoute.*", "Gateway.*", "Certificate.*", INGRESS, "Service.*")),
    "security.auth": native_but(
        f"{SETTING}_TOKEN_FILE",
        only=("none", "bearer"),
        reason="a cluster knows its own accounts, and no callers from outside",
        instead="bearer",
        source="serving_image/README.md",
        also=(
            *SETTINGS_NAME,
            f"{POD}.volumes.tokens.*",
            f"{POD}.containers.server.volumeMounts.tokens.*",
            "Service.auth",
        ),
    ),
    "security.dataClass": _label("dataClass", also=("Service.dataClass",)),
    "governance.riskClass": _label("riskClass", also=("Service.governance.riskClass",)),
    "governance.biasCheck": unbuilt(always=False),
    "governance.explanation": unbuilt(always="none"),
    "releases.stable.source": _model("Bundle.digest"),
    "releases.stable.digest": _model("Bundle.digest"),
    "releases.stable.image": _of_pod("containers.server.image"),
    "releases.candidate.source": _model("Bundle.digest"),
    "releases.candidate.digest": _model("Bundle.digest"),
    "releases.candidate.image": _of_pod("containers.server.image"),
    "releases.weight": _routed(
        "spec.rules",
        also=("Deployment.metadata.annotations.modelport/weight",),
        differs="the stable version answers all callers within the cluster",
    ),
    "releases.mirror": _routed(
        "spec.rules", differs="as far as the gateway copies a part of the requests; none of those within the cluster"
    ),
    "releases.unwaited": native(
        "Deployment.metadata.annotations.pulumi.com/skipAwait",
        source="https://github.com/pulumi/pulumi-kubernetes/pull/417",
        also=(
            "Deployment.metadata.annotations.pulumi.com/deletionPropagationPolicy",
            "Service.metadata.annotations.pulumi.com/skipAwait",
        ),
    ),
    "existing.vpc": OF_A_CLOUD,
    "existing.subnets": OF_A_CLOUD,
    "existing.securityGroups": OF_A_CLOUD,
    "existing.permissionsBoundary": OF_A_CLOUD,
    "existing.workspace": OF_A_CLOUD,
    "existing.role": _of_pod("serviceAccountName"),
    "existing.identity": _in("ServiceAccount.metadata.annotations.*", "authentication-resources/service-account-v1"),
    "existing.namespace": _in("*.metadata.namespace", "cluster-resources/namespace-v1"),
    "existing.priorityClass": _of_pod("priorityClassName"),
    "existing.pullSecret": _of_pod("imagePullSecrets.*", also=(f"{POD}.volumes.registry.secret.secretName",)),
    "existing.storeSecret": _of_pod("initContainers.fetch.envFrom"),
    "existing.proxy": _of_pod("initContainers.fetch.env.HTTPS_PROXY.value", also=(EGRESS,)),
    "existing.noProxy": _of_pod("initContainers.fetch.env.NO_PROXY.value"),
    "existing.ca": _of_pod(
        "volumes.authorities.configMap.*", also=(f"{POD}.initContainers.fetch.env.REQUESTS_CA_BUNDLE.value",)
    ),
    "existing.claim": _of_pod("volumes.model.persistentVolumeClaim.claimName"),
    "existing.callers": _in(INGRESS, "policy-resources/network-policy-v1"),
    "existing.prometheus": _in(INGRESS, "policy-resources/network-policy-v1"),
    "existing.prometheusAddress": _by_keda("triggers"),
    "existing.prometheusOperator": native(
        "PodMonitor.metadata.labels.*",
        source=OPERATOR,
        differs="it looks into the namespace of the service",
        also=("PrometheusRule.metadata.labels.*",),
    ),
    "existing.runbooks": _alerting(),
    "existing.autoscaler": _by_keda("*", also=("ScaledObject.*", "HorizontalPodAutoscaler.*")),
    "existing.demand": _by_keda("triggers"),
    "existing.gateway": _routed("spec.parentRefs.*"),
    "existing.internalGateway": _routed("spec.parentRefs.*"),
    "existing.gatewayClass": native("Gateway.spec.gatewayClassName", source=GATEWAY_API),
    "existing.gatewayNamespace": native(
        "Gateway.metadata.namespace",
        source=GATEWAY_API,
        also=("Certificate.metadata.namespace", "HTTPRoute.spec.parentRefs.*", INGRESS),
    ),
    "existing.ingressClass": _in("Ingress.spec.ingressClassName", "service-resources/ingress-v1"),
    "existing.domain": _routed(
        "spec.hostnames", also=("Gateway.spec.listeners.http.hostname", "Certificate.spec.dnsNames")
    ),
    "existing.certificate": native("Gateway.spec.listeners.http.tls.certificateRefs.*", source=GATEWAY_API),
    "existing.issuer": native(
        "Certificate.spec.issuerRef.name", source="https://cert-manager.io/docs/usage/certificate"
    ),
    "existing.tokens": _of_pod("volumes.tokens.secret.secretName"),
    "existing.jwtKeys": _of_pod("volumes.keys.configMap.name"),
    "existing.jwtIssuer": _setting("JWT_ISSUER"),
    "existing.jwtAudience": _setting("JWT_AUDIENCE"),
    "existing.topic": _heard(),
    "existing.bucket": native("Bundle.target", source="modelport:artifact:Bundle"),
    "existing.registry": native("Image.repository", source="modelport:artifact:Image", also=("Bundle.target",)),
}
