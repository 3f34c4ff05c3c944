"""RSD on Google Cloud: in which regions things are, their copies, their keys, and what is kept of requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modelport_policies.control import NotApplicable
from modelport_policies.gcp import GLOBAL, is_region, region_of
from modelport_policies.resource import Resource, at, is_set, items, several, text

ANY = "parameter regions names none: all are allowed"


def resource_stays(resource: Resource) -> Iterable[str]:
    """`location`, `region` or `zone` is of one of parameter `regions`."""
    allowed = allowed_regions(resource)
    places = [text(resource.at(key)) for key in ("location", "region", "zone")]
    for place in dict.fromkeys(region_of(each) for each in places if each):
        if is_region(place) and place not in allowed:
            yield f"it is in {place}, not in {' or '.join(allowed)}"


def allowed_regions(resource: Resource) -> list[str]:
    """The values of parameter `regions`.

    Raises:
        NotApplicable: there are none.
    """
    if not (regions := [each.lower() for each in resource.parameters["regions"]]):
        raise NotApplicable(ANY)
    return regions


def outside(what: str, places: Iterable[str], allowed: Sequence[str]) -> Iterable[str]:
    """What is wrong with places of which some are not allowed."""
    for place in dict.fromkeys(each.lower() for each in places if each):
        if place not in allowed:
            yield f"{what} {place}, not in {' or '.join(allowed)}"


def bucket_copies_stay(bucket: Resource) -> Iterable[str]:
    """Each of `customPlacementConfig.dataLocations`, or else a `location` of several regions, is one of parameter
    `regions`.
    """
    allowed = allowed_regions(bucket)
    chosen = [text(each) for each in items(bucket.at("customPlacementConfig", "dataLocations"))]
    location = text(bucket.at("location"))
    yield from outside("it has copies in", chosen or ([] if is_region(location) else [location]), allowed)


def repository_copies_stay(repository: Resource) -> Iterable[str]:
    """A `location` of several regions is one of parameter `regions`."""
    location = text(repository.at("location"))
    yield from outside("it has copies in", [] if is_region(location) else [location], allowed_regions(repository))


def secret_copies_stay(secret: Resource) -> Iterable[str]:
    """`replication.userManaged.replicas` are there, each `location` one of parameter `regions`."""
    allowed = allowed_regions(secret)
    if secret.at("replication", "auto") is not None:
        yield "Google chooses where it has copies"
    replicas = items(secret.at("replication", "userManaged", "replicas"))
    yield from outside("it has a copy in", [text(at(each, "location")) for each in replicas], allowed)


def keys_stay(ring: Resource) -> Iterable[str]:
    """`location` is one of parameter `regions`, if it names some, `project` one of parameter `projects`."""
    regions, projects = ring.parameters["regions"], ring.parameters["projects"]
    if not regions and not projects:
        raise NotApplicable("parameters regions and projects name none: all are allowed")
    if regions:
        yield from outside("its keys are in", [text(ring.at("location"))], allowed_regions(ring))
    if projects and (project := text(ring.at("project"))) and project not in projects:
        yield f"its keys are in the project {project}, not in {' or '.join(projects)}"


def records_stay(store: Resource) -> Iterable[str]:
    """`location` is one of parameter `regions`."""
    allowed = allowed_regions(store)
    if not is_set(store.inputs, "location"):
        yield "Google chooses where it is: it has no location"
    yield from outside("what is kept of requests is in", [text(store.at("location"))], allowed)


def messages_stay(topic: Resource) -> Iterable[str]:
    """`messageStoragePolicy.allowedPersistenceRegions` has some, each one of parameter `regions`."""
    allowed = allowed_regions(topic)
    regions = several(topic.at("messageStoragePolicy", "allowedPersistenceRegions"))
    if not regions:
        yield "messages are kept wherever somebody sends them"
    yield from outside("messages are kept in", [text(each) for each in regions], allowed)


def endpoint_has_a_region(endpoint: Resource) -> Iterable[str]:
    """`location` is no `global`."""
    if text(endpoint.at("location")).lower() == GLOBAL:
        yield "requests are answered wherever there is room"


def front_is_of_a_region(rule: Resource) -> Iterable[str]:
    """`loadBalancingScheme` is not `EXTERNAL` or `EXTERNAL_MANAGED`, where parameter `regions` names any."""
    allowed_regions(rule)
    scheme = rule.at("loadBalancingScheme")
    if scheme is None or text(scheme).startswith("EXTERNAL"):
        yield "requests come in, and may be read, in every region"


def rule_is_of_a_region(rule: Resource) -> Iterable[str]:
    """Neither `allowGlobalAccess` nor `allowPscGlobalAccess` is true."""
    for key in ("allowGlobalAccess", "allowPscGlobalAccess"):
        if rule.at(key) is True:
            yield f"{key}: other regions reach the endpoint"
