"""RES on AWS: how many instances there are and where, how they are updated, and what a deletion leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelport_policies.aws import (
    BUCKET_REPLICATION,
    ENDPOINT,
    ENDPOINT_CONFIGURATION,
    REGISTRY_REPLICATION,
    SCALING_POLICY,
    SCALING_SCHEDULE,
    SUBNET,
)
from modelport_policies.bounds import FEWEST, asked_for, too_few
from modelport_policies.control import NotApplicable
from modelport_policies.relations import belonging, in_production, owners, tag
from modelport_policies.resource import Resource, at, is_filled, is_set, items, number, text, type_of
from modelport_policies.sagemaker import endpoints, follows, is_serverless, of_sagemaker, scaled_name, variants

STAGED = ("CANARY", "LINEAR")


def variants_are_several(configuration: Resource) -> Iterable[str]:
    """`initialInstanceCount` of every variant, or `managedInstanceScaling.minInstanceCount`, is 2 or more, unless it is
    serverless or asynchronous, or a tag `environment` is dev or test.
    """
    in_production(configuration)
    waits(configuration)
    with_instances = [(name, each) for name, each in variants(configuration) if not is_serverless(each)]
    if not with_instances:
        raise NotApplicable("it is serverless")
    for name, variant in with_instances:
        fewest = at(variant, "managedInstanceScaling", "minInstanceCount")
        instances = number(at(variant, "initialInstanceCount") if fewest is None else fewest, 1)
        if instances < FEWEST:
            yield f"{name} has {instances:g} instances, not {FEWEST}: one that is lost is the service"


def bounds_are_several(target: Resource) -> Iterable[str]:
    """`minCapacity` is 2 or more, unless the endpoint is asynchronous, or a tag `environment` is dev or test."""
    of_sagemaker(target)
    in_production(target)
    for endpoint in endpoints(target):
        for configuration in owners(endpoint, "endpointConfigName", ENDPOINT_CONFIGURATION):
            waits(configuration)
    if (fewest := number(target.at("minCapacity"), 0)) < FEWEST:
        yield f"minCapacity is {fewest:g}, not {FEWEST}: one instance that is lost is the service"


def waits(configuration: Resource) -> None:
    """Return where requests are answered at once.

    Raises:
        NotApplicable: they wait until there is an instance.
    """
    if configuration.at("asyncInferenceConfig") is not None:
        raise NotApplicable("it is asynchronous: requests wait until there is an instance")


def model_is_spread(model: Resource) -> Iterable[str]:
    """`vpcConfig.subnets` are two or more; where all of them are of the stack, not all in one `availabilityZone`."""
    subnets = items(model.at("vpcConfig", "subnets"))
    if not subnets:
        raise NotApplicable("Amazon spreads what is in no VPC of one's own")
    own = [each for each in owners(model, "vpcConfig", SUBNET) if each.urn in model.dependencies.get("vpcConfig", ())]
    if len(subnets) < FEWEST:
        yield "all of its instances are in one subnet, so in one zone"
    elif len(own) == len(subnets) and len(zones := {text(each.at("availabilityZone")) for each in own}) == 1:
        yield f"all of its subnets are in {zones.pop() or 'whatever zone there is'}"


def health_is_asked(configuration: Resource) -> Iterable[str]:
    """Every variant with a `modelName` and instances has `containerStartupHealthCheckTimeoutInSeconds` and
    `modelDataDownloadTimeoutInSeconds`.
    """
    given = variants(configuration)
    asked = [(name, each) for name, each in given if not is_serverless(each) and is_set(each, "modelName")]
    if not asked:
        raise NotApplicable("it is serverless, or its components say how long they take to start")
    for name, variant in asked:
        for key in ("containerStartupHealthCheckTimeoutInSeconds", "modelDataDownloadTimeoutInSeconds"):
            if not is_set(variant, key):
                yield f"{name} has no {key}"


def capacity_is_bound(target: Resource) -> Iterable[str]:
    """`minCapacity` <= `maxCapacity` <= parameter `most`; a `Policy` or `ScheduledAction` of the stack has the same
    `resourceId`, and where that is an endpoint's and the stack has endpoints, one of them is meant.
    """
    of_sagemaker(target)
    fewest, most = number(target.at("minCapacity"), 0), number(target.at("maxCapacity"), 0)
    if fewest > most:
        yield f"minCapacity is {fewest:g} and maxCapacity {most:g}"
    if most > (cap := target.parameters["most"]):
        yield f"maxCapacity is {most:g}, more than {cap:g}"
    if not any(follows(each, target) for each in scalers(target)):
        yield "nothing scales it"
    if target.stack.by(type_of).get(ENDPOINT) and not any(endpoints(target)) and (name := scaled_name(target)):
        yield f"{name}, which it scales, is not there"


def scalers(target: Resource) -> Iterator[Resource]:
    """What of the stack changes capacities."""
    types = target.stack.by(type_of)
    return (each for type_ in (SCALING_POLICY, SCALING_SCHEDULE) for each in types.get(type_, ()))


def updates_go_in_steps(endpoint: Resource) -> Iterable[str]:
    """`deploymentConfig` has a `rollingUpdatePolicy`, or a `blueGreenUpdatePolicy` by `CANARY` or `LINEAR`, and alarms
    that undo it in `autoRollbackConfiguration`, unless a tag `environment` is dev or test. Where `modelport rollout`
    moves requests, a tag `rolloutSteps` says by which steps, and one is below 100. For serverless variants SageMaker
    has no steps.
    """
    in_production(endpoint)
    configured = list(owners(endpoint, "endpointConfigName", ENDPOINT_CONFIGURATION))
    if configured and all(is_serverless(each) for one in configured for _, each in variants(one)):
        raise NotApplicable("SageMaker updates serverless variants at once")
    if (steps := text(tag(endpoint, "rolloutsteps"))) and endpoint.at("deploymentConfig") is None:
        if not any(step.isdigit() and int(step) < 100 for step in steps.split()):
            yield "a new version takes all requests at once"
        return
    way = at(endpoint.at("deploymentConfig"), "blueGreenUpdatePolicy", "trafficRoutingConfiguration", "type")
    if endpoint.at("deploymentConfig", "rollingUpdatePolicy") is None and way not in STAGED:
        yield f"updates are {text(way) or 'ALL_AT_ONCE'}: one that goes wrong is there for every request"
    if not is_filled(endpoint, "deploymentConfig", "autoRollbackConfiguration", "alarms"):
        yield "no alarm undoes an update that goes wrong"


def bucket_outlives_its_content(bucket: Resource) -> Iterable[str]:
    """`forceDestroy` is not true, unless a tag `environment` is dev or test."""
    in_production(bucket)
    if bucket.at("forceDestroy") is True:
        yield "whoever deletes the bucket deletes what is in it"


def repository_outlives_its_images(repository: Resource) -> Iterable[str]:
    """`forceDelete` is not true, unless a tag `environment` is dev or test."""
    in_production(repository)
    if repository.at("forceDelete") is True:
        yield "whoever deletes the repository deletes its images"


def secret_can_be_restored(secret: Resource) -> Iterable[str]:
    """`recoveryWindowInDays` is not 0, unless a tag `environment` is dev or test."""
    in_production(secret)
    if secret.at("recoveryWindowInDays") == 0:
        yield "a secret that is deleted is gone at once"


def balancer_is_protected(balancer: Resource) -> Iterable[str]:
    """`enableDeletionProtection` is true, unless a tag `environment` is dev or test."""
    in_production(balancer)
    if balancer.at("enableDeletionProtection") is not True:
        yield "nothing keeps the balancer from being deleted, and its address with it"


def bucket_has_copies(bucket: Resource) -> Iterable[str]:
    """Rules of a `BucketReplicationConfig` of the stack that are on are as many as parameter `copies`."""
    asked_for(bucket)
    rules = [rule for each in belonging(bucket, BUCKET_REPLICATION, "bucket") for rule in items(each.at("rules"))]
    yield from too_few(bucket, sum(at(rule, "status") == "Enabled" for rule in rules))


def repository_has_copies(repository: Resource) -> Iterable[str]:
    """Destinations in rules of a `ReplicationConfiguration` of the stack whose `repositoryFilters` leave the repository
    are as many as parameter `copies`.
    """
    asked_for(repository)
    given = repository.stack.by(type_of).get(REGISTRY_REPLICATION, ())
    rules = [rule for each in given for rule in items(each.at("replicationConfiguration", "rules"))]
    copying = [rule for rule in rules if is_meant(rule, repository)]
    yield from too_few(repository, sum(len(items(at(rule, "destinations"))) for rule in copying))


def is_meant(rule: object, repository: Resource) -> bool:
    """Whether a rule of replication is for a repository."""
    filters = [text(at(each, "filter")) for each in items(at(rule, "repositoryFilters"))]
    return not filters or text(repository.at("name")).startswith(tuple(filters))
