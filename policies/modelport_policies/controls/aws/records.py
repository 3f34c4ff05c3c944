"""LOG on AWS: what endpoints, buckets, networks and the account keep of what happens."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.aws import BUCKET_LOCK, BUCKET_LOGGING, EVENT_STORE, FLOW_LOG, LOG_GROUP, TRAIL
from modelport_policies.bounds import LEAST_RETENTION
from modelport_policies.buckets import is_log_target
from modelport_policies.control import NotApplicable
from modelport_policies.relations import belonging, in_production, known, tag
from modelport_policies.resource import Resource, at, is_set, items, number, text, type_of
from modelport_policies.sagemaker import captures, is_serverless, variants


def production_is_captured(configuration: Resource) -> Iterable[str]:
    """`dataCaptureConfig.enableCapture` is true, unless a tag `environment` is dev or test. SageMaker captures nothing
    of serverless variants, and asynchronous requests are kept as they come.
    """
    in_production(configuration)
    if configuration.at("asyncInferenceConfig") is not None:
        raise NotApplicable("requests and answers are objects of a bucket")
    if any(is_serverless(each) for _, each in variants(configuration)):
        raise NotApplicable("SageMaker captures nothing of serverless variants")
    if not captures(configuration):
        yield "nothing is kept of requests and answers"


def endpoint_has_log_group(endpoint: Resource) -> Iterable[str]:
    """A `LogGroup` of the stack is called `/aws/sagemaker/Endpoints/` and the endpoint's name."""
    groups = endpoint.stack.by(type_of).get(LOG_GROUP, ())
    if any(endpoint.urn in each.dependencies.get("name", ()) for each in groups):
        return
    wanted = f"/aws/sagemaker/Endpoints/{text(endpoint.at('name'))}"
    if not any(wanted in known(each, "name") for each in groups) and wanted not in [each.at("name") for each in groups]:
        yield f"SageMaker makes the log group {wanted} itself: without a key, and kept for ever"


def logs_are_kept(group: Resource) -> Iterable[str]:
    """`retentionInDays` is set, and not below parameter `retentionInDays`."""
    days = number(group.at("retentionInDays"), 0)
    least = max(group.parameters["retentionInDays"], LEAST_RETENTION)
    if days == 0:
        yield "the logs are kept for ever"
    elif days < least:
        yield f"the logs are kept for {days:g} days, not {least:g}"


def bucket_is_logged(bucket: Resource) -> Iterable[str]:
    """A `BucketLogging` of the stack is for the bucket. One that logs come to is not logged itself."""
    if is_log_target(bucket):
        raise NotApplicable("logs of other buckets come to it")
    if not any(belonging(bucket, BUCKET_LOGGING, "bucket")):
        yield "nothing says who reads and writes the bucket"


def logs_go_elsewhere(logging: Resource) -> Iterable[str]:
    """`targetBucket` is another than `bucket`."""
    source, target = (set(logging.dependencies.get(key, ())) for key in ("bucket", "targetBucket"))
    if source & target or logging.at("bucket") == logging.at("targetBucket"):
        yield "each entry of the log makes another: the bucket logs to itself"


def balancer_is_logged(balancer: Resource) -> Iterable[str]:
    """`accessLogs` has `enabled` true, and a `bucket`."""
    if balancer.at("loadBalancerType") == "gateway":
        raise NotApplicable("it balances packets, and knows no requests")
    if balancer.at("accessLogs", "enabled") is not True or not is_set(balancer.at("accessLogs"), "bucket"):
        yield "nothing says who calls what is behind the balancer"


def network_is_logged(network: Resource) -> Iterable[str]:
    """A `FlowLog` of the stack is for the VPC."""
    if not any(belonging(network, FLOW_LOG, "vpcId")):
        yield "nothing says who speaks to whom in the VPC"


def rejected_traffic_is_logged(log: Resource) -> Iterable[str]:
    """`trafficType` is `ALL` or `REJECT`."""
    if (kind := log.at("trafficType")) not in ("ALL", "REJECT"):
        yield f"it logs {text(kind) or 'no kind of'} traffic, not what is rejected"


def changes_are_recorded(endpoint: Resource) -> Iterable[str]:
    """The stack has a `Trail` or an `EventDataStore`, or parameter `trail` names one of another stack."""
    types = endpoint.stack.by(type_of)
    if not endpoint.parameters["trail"] and not types.get(TRAIL) and not types.get(EVENT_STORE):
        yield "nothing says who changes the endpoint"


def trail_is_on(trail: Resource) -> Iterable[str]:
    """`enableLogging` is not false."""
    if trail.at("enableLogging") is False:
        yield "the trail records nothing"


def trail_bucket_is_locked(bucket: Resource) -> Iterable[str]:
    """`objectLockEnabled` is true, or a `BucketObjectLockConfiguration` of the stack is for the bucket, where a `Trail`
    of the stack writes to it.
    """
    if not any(belonging(bucket, TRAIL, "s3BucketName")):
        raise NotApplicable("no trail of the stack writes to it")
    if not any(belonging(bucket, BUCKET_LOCK, "bucket")) and bucket.at("objectLockEnabled") is not True:
        yield "whoever may write to the bucket can change what the trail has recorded"


def endpoint_keeps_with_care(configuration: Resource) -> Iterable[str]:
    """Where `dataCaptureConfig.enableCapture` is true, a tag `dataClass` is, too; if it is `personal`,
    `initialSamplingPercentage` is below 100, and `captureOptions` has no `Input`: SageMaker leaves no value of a
    request out.
    """
    if not captures(configuration):
        raise NotApplicable("it keeps no requests")
    capture, data_class = configuration.at("dataCaptureConfig"), tag(configuration, "dataclass")
    if not data_class:
        yield "requests are kept, and nothing says of which class their data is"
    if data_class != "personal":
        return
    if number(at(capture, "initialSamplingPercentage"), 100) >= 100:
        yield "personal data is kept, and every request is"
    modes = [at(each, "captureMode") for each in items(at(capture, "captureOptions"))]
    if {"Input", "InputAndOutput"} & {text(each) for each in modes}:
        yield "personal data is kept, and no value of a request is left out"
