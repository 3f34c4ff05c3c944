"""LOG on Google Cloud: what endpoints, buckets, networks and projects keep of what happens."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.bounds import LEAST_RETENTION
from modelport_policies.capture import CAPTURE, careless
from modelport_policies.control import NotApplicable
from modelport_policies.gcp import (
    AUDIT,
    BUCKET,
    DEPLOYED_MODEL,
    SINK,
    captures,
    container_of,
    in_production,
    known_at,
    of_ones_own,
)
from modelport_policies.relations import belonging, known, tag
from modelport_policies.resource import Resource, at, is_set, items, number, several, text, type_of

DEFAULT_RETENTION = 30
AUDITED = ("aiplatform.googleapis.com", "allServices")
LOG_BUCKET = ("logging", "logBucket")
READS = "DATA_READ"
"""What asking for an inference is."""


def production_is_recorded(endpoint: Resource) -> Iterable[str]:
    """`predictRequestResponseLoggingConfig.enabled` is true, or `enableAccessLogging` of a `DeployedModel` of the stack
    that is deployed to the endpoint, unless a label `environment` is dev or test.
    """
    in_production(endpoint)
    deployed = belonging(endpoint, DEPLOYED_MODEL, "endpoint")
    if not captures(endpoint) and not any(each.at("enableAccessLogging") is True for each in deployed):
        yield "nothing is kept of requests and answers"


def containers_are_logged(deployed: Resource) -> Iterable[str]:
    """`disableContainerLogging` is not true."""
    if deployed.at("disableContainerLogging") is True:
        yield "what its containers write is lost"


def logs_are_kept(bucket: Resource) -> Iterable[str]:
    """`retentionDays` is not below parameter `retentionInDays`."""
    least = max(bucket.parameters["retentionInDays"], LEAST_RETENTION)
    if (days := number(bucket.at("retentionDays"), DEFAULT_RETENTION)) < least:
        yield f"the logs are kept for {days:g} days, not {least:g}"


def bucket_is_logged(bucket: Resource) -> Iterable[str]:
    """`logging.logBucket` is set, and another bucket. One that logs come to is not logged itself."""
    if is_log_target(bucket):
        raise NotApplicable("logs of other buckets come to it")
    if not is_set(bucket.at("logging"), "logBucket"):
        yield "nothing says who reads and writes the bucket"
    elif known_at(bucket, *LOG_BUCKET) in known(bucket, "name"):
        yield "each entry of the log makes another: the bucket logs to itself"


def is_log_target(bucket: Resource) -> bool:
    """Whether another bucket of the stack logs to this one."""
    others = (each for each in bucket.stack.by(type_of).get(BUCKET, ()) if each.urn != bucket.urn)
    return any(logs_to(each, bucket) for each in others)


def logs_to(source: Resource, target: Resource) -> bool:
    """Whether a bucket logs to another one."""
    named = known_at(source, *LOG_BUCKET) in known(target, "name")
    return named or target.urn in source.dependencies.get("logging", ())


def subnet_is_logged(subnet: Resource) -> Iterable[str]:
    """`logConfig` is set."""
    of_ones_own(subnet)
    if not is_set(subnet.inputs, "logConfig"):
        yield "nothing says who speaks to whom in the subnet"


def calls_are_recorded(endpoint: Resource) -> Iterable[str]:
    """An `IAMAuditConfig` of the stack is for `aiplatform.googleapis.com` or `allServices` and records `DATA_READ`, or
    parameter `trail` names one of another stack.
    """
    audits = (each for each in endpoint.stack.by(type_of).get(AUDIT, ()) if each.at("service") in AUDITED)
    recorded = {text(at(each, "logType")) for audit in audits for each in items(audit.at("auditLogConfigs"))}
    if not endpoint.parameters["trail"] and READS not in recorded:
        yield "nothing says who calls the endpoint"


def audit_exempts_nobody(audit: Resource) -> Iterable[str]:
    """None of `auditLogConfigs` has `exemptedMembers`."""
    for each in items(audit.at("auditLogConfigs")):
        for member in several(at(each, "exemptedMembers")):
            yield f"nothing is recorded of {text(member)}"


def logs_are_locked(bucket: Resource) -> Iterable[str]:
    """`locked` is true. Only log buckets of a project can be locked."""
    if bucket.at("locked") is not True:
        yield "whoever administers the logs can change how long they are kept, or delete them"


def sink_is_locked(bucket: Resource) -> Iterable[str]:
    """`retentionPolicy.isLocked` is true, where a `ProjectSink` of the stack writes to the bucket."""
    if not any(writes_to(sink, bucket) for sink in bucket.stack.by(type_of).get(SINK, ())):
        raise NotApplicable("no sink of the stack writes to it")
    if bucket.at("retentionPolicy", "isLocked") is not True:
        yield "whoever may write to the bucket can delete what was recorded"


def writes_to(sink: Resource, bucket: Resource) -> bool:
    """Whether a sink writes to a bucket."""
    if bucket.urn in sink.dependencies.get("destination", ()):
        return True
    places = [f"storage.googleapis.com/{name}" for name in known(bucket, "name")]
    return any(place in known(sink, "destination") for place in places)


def endpoint_keeps_with_care(endpoint: Resource) -> Iterable[str]:
    """Where `predictRequestResponseLoggingConfig` is enabled, a label `data_class` is there, and not `personal`: Vertex
    leaves no value of a request out.
    """
    if not captures(endpoint):
        raise NotApplicable("it keeps no requests")
    data_class = tag(endpoint, "dataclass")
    if not data_class:
        yield "requests are kept, and nothing says of which class their data is"
    if data_class == "personal":
        yield "personal data is kept, and no value of a request is left out: have the server keep requests"


def model_keeps_with_care(model: Resource) -> Iterable[str]:
    """Where `containerSpec.env` has `MODELPORT_CAPTURE`, a label `data_class` is there; if it is `personal`,
    `MODELPORT_CAPTURE_SAMPLE` and `MODELPORT_CAPTURE_REDACT` are there, too.
    """
    given = {text(at(each, "name")) for each in items(at(container_of(model), "env"))}
    if CAPTURE not in given:
        raise NotApplicable("it does not say that requests are kept")
    yield from careless(tag(model, "dataclass"), [given])
