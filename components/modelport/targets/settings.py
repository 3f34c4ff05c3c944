from modelport.plan import Plan

from .version import Version


def settings(plan: Plan, version: Version) -> dict[str, str]:
    """What the server is told of a version and of requests on every target, as environment variables."""
    spec = plan.spec
    return {
        "MODELPORT_DIGEST": version.bundle.digest,
        "MODELPORT_MAX_BATCH": str(spec.model.batching.max_size),
        "MODELPORT_MAX_BODY": str(spec.request.payload.bytes),
        "MODELPORT_TIMEOUT": f"{spec.request.timeout.seconds:g}",
        "MODELPORT_LOG_FORMAT": "json",
        **({"MODELPORT_PROVIDER": "cuda"} if spec.compute.accelerator else {}),
    }
