"""RES on Google Cloud: how many machines there are, how they are asked and updated, and what a deletion leaves."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.bounds import FEWEST, asked_for, too_few
from modelport_policies.control import NotApplicable
from modelport_policies.gcp import accelerator_of, container_of, in_production, is_region, machines_of
from modelport_policies.resource import Resource, at, items, number, text

PROBES = ("startupProbe", "healthProbe", "livenessProbe")
WAYS = ("httpGet", "tcpSocket", "grpc")
DEFAULT_PORT = 8080


def machines_are_several(deployed: Resource) -> Iterable[str]:
    """`dedicatedResources.minReplicaCount` is 2 or more, unless a label `environment` of the endpoint is dev or
    test.
    """
    in_production(deployed)
    if (fewest := number(at(machines_of(deployed), "minReplicaCount"), 1)) < FEWEST:
        yield f"there are {fewest:g} machines, not {FEWEST}: one that is lost is the service"


def health_is_asked(model: Resource) -> Iterable[str]:
    """`containerSpec` has a `healthRoute` that is not the `predictRoute`; its probes ask ports that it has."""
    container = container_of(model)
    if container is None:
        raise NotApplicable("its container is the one of Model Garden")
    health = text(at(container, "healthRoute"))
    if not health:
        yield "no healthRoute says when the server is ready"
    elif health == text(at(container, "predictRoute")):
        yield "healthRoute is predictRoute: to be asked for its health the server has to infer"
    ports = [*items(at(container, "ports")), *items(at(container, "grpcPorts"))]
    own = [at(port, "containerPort") for port in ports] or [DEFAULT_PORT]
    for probe in PROBES:
        for way in WAYS:
            if (asked := at(container, probe, way, "port")) is not None and asked not in own:
                yield f"{probe} asks port {number(asked, 0):g}, which the container does not have"


def bounds_hold(deployed: Resource) -> Iterable[str]:
    """`dedicatedResources.minReplicaCount` <= `maxReplicaCount` <= parameter `most`; `autoscalingMetricSpecs` is about
    accelerators only where `machineSpec` has some.
    """
    machines = machines_of(deployed)
    fewest = number(at(machines, "minReplicaCount"), 1)
    most, cap = number(at(machines, "maxReplicaCount"), fewest), deployed.parameters["most"]
    if fewest > most:
        yield f"minReplicaCount is {fewest:g} and maxReplicaCount {most:g}"
    if most > cap:
        yield f"maxReplicaCount is {most:g}, more than {cap:g}"
    for metric in items(at(machines, "autoscalingMetricSpecs")):
        if "/accelerator/" in (name := text(at(metric, "metricName"))) and not has_accelerator(machines):
            yield f"it is scaled by {name}, and its machines have no accelerator"


def has_accelerator(machines: object) -> bool:
    """Whether machines have an accelerator that one chose."""
    return accelerator_of(at(machines, "machineSpec")) != ""


def updates_go_in_steps(service: Resource) -> Iterable[str]:
    """`rollout.steps` has one below 100, unless `environment` is dev or test."""
    if (environment := service.at("environment")) in ("dev", "test"):
        raise NotApplicable(f"{environment} is not production")
    if not any(number(step, 100) < 100 for step in items(service.at("rollout", "steps"))):
        yield "a new version takes all requests at once"


def bucket_outlives_its_content(bucket: Resource) -> Iterable[str]:
    """`forceDestroy` is not true, nor `softDeletePolicy.retentionDurationSeconds` 0, unless a label `environment` is
    dev or test.
    """
    in_production(bucket)
    if bucket.at("forceDestroy") is True:
        yield "whoever deletes the bucket deletes what is in it"
    if bucket.at("softDeletePolicy", "retentionDurationSeconds") == 0:
        yield "an object that is deleted is gone at once"


def dataset_outlives_its_tables(dataset: Resource) -> Iterable[str]:
    """`deleteContentsOnDestroy` is not true, unless a label `environment` is dev or test."""
    in_production(dataset)
    if dataset.at("deleteContentsOnDestroy") is True:
        yield "whoever deletes the dataset deletes its tables"


def table_is_protected(table: Resource) -> Iterable[str]:
    """`deletionProtection` is not false, unless a label `environment` is dev or test."""
    in_production(table)
    if table.at("deletionProtection") is False:
        yield "nothing keeps the table from being deleted, with what is in it"


def bucket_has_copies(bucket: Resource) -> Iterable[str]:
    """`customPlacementConfig.dataLocations` are more than parameter `copies`, or `location` is of several regions."""
    asked_for(bucket)
    regions = items(bucket.at("customPlacementConfig", "dataLocations"))
    yield from too_few(bucket, len(regions) - 1 if regions else elsewhere(bucket))


def repository_has_copies(repository: Resource) -> Iterable[str]:
    """`location` is of several regions, where parameter `copies` asks for one."""
    asked_for(repository)
    yield from too_few(repository, elsewhere(repository))


def elsewhere(store: Resource) -> int:
    """How many copies in other regions there are by the location of a store: Google has one at least in those of
    several.
    """
    return 0 if is_region(text(store.at("location"))) else 1
