from modelport.plan import EXISTING, FIELDS, OWN, Capabilities, Capability, native, recorded, refused, unbuilt


def _server(path: str, *, also: tuple[str, ...] = ()) -> Capability:
    return native(f"Server.{path}", source="modelport:local:Server", also=also)


def _tag(key: str, *, also: tuple[str, ...] = ()) -> Capability:
    return _server(f"tags.{key}", also=(f"Service.tags.{key}", *also))


NOTHING_EXISTING = refused("a process of this machine runs in no infrastructure", instead="a cloud target")

CAPABILITIES: Capabilities = {
    **OWN,
    **recorded("modelport:local:Service"),
    "metadata.name": _server("service", also=("Service.service", "*.tags.service", "Server.bundle", "Server.digest")),
    "metadata.owner": _tag("owner"),
    "metadata.costCenter": _tag("costCenter"),
    "metadata.labels": _tag("*"),
    "model.source": _server("digest", also=("Server.bundle",)),
    "model.version": _server("bundle", also=("Server.digest",)),
    "model.sha256": _server("digest"),
    "model.signature.key": unbuilt(),
    "model.precision": _server("digest"),
    "model.batching.maxSize": unbuilt(always=1),
    "model.pipeline.before": _server("digest", also=("Server.bundle",)),
    "model.pipeline.after": _server("digest", also=("Server.bundle",)),
    "compute.cpu": unbuilt(),
    "compute.memory": unbuilt(),
    "compute.machine": refused("instances run on this machine", instead="compute.cpu and compute.memory"),
    "compute.accelerator.kind": unbuilt(),
    "compute.accelerator.count": unbuilt(),
    "compute.accelerator.sharing": unbuilt(),
    "scaling.min": unbuilt(always=1),
    "scaling.max": unbuilt(always=1),
    "scaling.target.metric": unbuilt(),
    "scaling.target.value": unbuilt(),
    "scaling.schedule": unbuilt(),
    "scaling.scaleToZero": refused(
        "a server on this machine keeps its process", instead="the kubernetes target", always=False
    ),
    "mode": unbuilt(always="realtime"),
    "request.timeout": unbuilt(),
    "request.payload": _server("requestBytes"),
    "request.concurrency": unbuilt(),
    "startupSeconds": _server("startupSeconds"),
    "protocols.rest": unbuilt(always=True),
    "protocols.grpc": unbuilt(always=False),
    "protocols.v1": unbuilt(always=False),
    "serving.image": refused("processes of this machine run from no image", instead="the kubernetes target"),
    "serving.delivery": refused(
        "processes of this machine read the model from its disk", instead="the kubernetes target"
    ),
    "slo.availability": unbuilt(),
    "slo.latency.p50": unbuilt(),
    "slo.latency.p95": unbuilt(),
    "slo.latency.p99": unbuilt(),
    "rollout.steps": unbuilt(),
    "rollout.bake": unbuilt(),
    "rollout.rollbackOn": unbuilt(),
    "rollout.mirror": unbuilt(always=0),
    "monitoring.capture.percent": unbuilt(always=0),
    "monitoring.capture.retention": unbuilt(),
    "monitoring.capture.redact": unbuilt(),
    "monitoring.drift.enabled": unbuilt(always=False),
    "monitoring.drift.method": unbuilt(),
    "monitoring.drift.threshold": unbuilt(),
    "monitoring.drift.schedule": unbuilt(),
    "monitoring.drift.baseline": unbuilt(),
    "monitoring.alerts.enabled": unbuilt(always=False),
    "monitoring.alerts.notify": unbuilt(),
    "monitoring.alerts.modelAge": unbuilt(),
    "monitoring.retraining.trigger": unbuilt(always="never"),
    "monitoring.retraining.schedule": unbuilt(),
    "monitoring.retraining.webhook": unbuilt(),
    "security.exposure": refused(
        "the server listens on this machine only", instead="a cloud target for a public endpoint", always="private"
    ),
    "security.auth": unbuilt(always="none"),
    "security.encryption": unbuilt(),
    "security.dataClass": _tag("dataClass", also=("Service.dataClass",)),
    "governance.riskClass": _tag("riskClass", also=("Service.governance.riskClass",)),
    "governance.biasCheck": unbuilt(always=False),
    "governance.explanation": unbuilt(always="none"),
    "releases.stable.source": _server("digest", also=("Server.bundle",)),
    "releases.stable.digest": _server("digest"),
    "releases.stable.image": refused("processes of this machine run from no image", instead="the kubernetes target"),
    "releases.candidate.source": unbuilt(),
    "releases.candidate.digest": unbuilt(),
    "releases.candidate.image": unbuilt(),
    "releases.weight": unbuilt(always=0),
    "releases.mirror": unbuilt(always=0),
    "releases.unwaited": unbuilt(),
    **{name: NOTHING_EXISTING for name in FIELDS if name.startswith(EXISTING)},
}
