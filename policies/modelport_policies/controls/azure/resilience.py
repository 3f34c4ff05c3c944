"""RES on Azure: how many instances there are, how their health is asked, and what a deletion leaves."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.azure import AUTOSCALE, DEPLOYMENT, ENDPOINT, REPLICATION, count
from modelport_policies.bounds import FEWEST, asked_for, too_few
from modelport_policies.control import NotApplicable
from modelport_policies.fleets import scalers
from modelport_policies.relations import belonging, in_production, owners
from modelport_policies.resource import Resource, at, is_set, items, mapping, number, text

ROUTES = ("livenessRoute", "readinessRoute")
GEOGRAPHIC = ("GRS", "RAGRS", "GZRS", "RAGZRS")
"""How kinds of storage end that have a copy in another region."""


def instances_are_several(deployment: Resource) -> Iterable[str]:
    """`sku.capacity`, or `minInstances` of `properties.scaleSettings`, is 2 or more, unless an `AutoscaleSetting`
    of the stack has it and is on, or a tag `environment` is dev or test.
    """
    in_production(deployment)
    if any(scalers(deployment)):
        raise NotApplicable("its autoscaler says how many instances there are")
    fewest = deployment.at("properties", "scaleSettings", "minInstances")
    instances = number(deployment.at("sku", "capacity") if fewest is None else fewest, 1)
    if instances < FEWEST:
        yield f"there are {instances:g} instances, not {FEWEST}: one that is lost is the service"


def bounds_are_several(setting: Resource) -> Iterable[str]:
    """`capacity.minimum` of each of `profiles` is 2 or more, unless a tag `environment` is dev or test."""
    of_a_deployment(setting)
    in_production(setting)
    for profile in items(setting.at("profiles")):
        if (fewest := count(profile, "minimum")) < FEWEST:
            yield f"there may be {fewest:g} instances, not {FEWEST}: one that is lost is the service"


def of_a_deployment(setting: Resource) -> None:
    """Return where a setting scales an online deployment.

    Raises:
        NotApplicable: it scales something else.
    """
    ours = any(owners(setting, "targetResourceUri", DEPLOYMENT))
    if not ours and "/onlineEndpoints/" not in (target := text(setting.at("targetResourceUri"))):
        raise NotApplicable(f"it scales {target or 'nothing that is named'}")


def registry_is_in_zones(registry: Resource) -> Iterable[str]:
    """`zoneRedundancy` is `Enabled`."""
    if registry.at("zoneRedundancy") != "Enabled":
        yield "images are in one zone: without it, no instance starts"


def health_is_asked(deployment: Resource) -> Iterable[str]:
    """`properties` has a `livenessProbe` and a `readinessProbe`."""
    for probe in ("livenessProbe", "readinessProbe"):
        if not is_set(deployment.inputs, "properties", probe):
            yield f"it has no {probe}"


def routes_are_distinct(environment: Resource) -> Iterable[str]:
    """`properties.inferenceConfig` has a `livenessRoute` and a `readinessRoute` that are not the same, at the port of
    the `scoringRoute`.
    """
    config = environment.at("properties", "inferenceConfig")
    if config is None:
        raise NotApplicable("it is not said to serve")
    yield from (f"it has no {route}" for route in ROUTES if not is_set(config, route))
    alive, ready = (mapping(at(config, route)) for route in ROUTES)
    if alive and ready and text(at(alive, "path")) == text(at(ready, "path")):
        yield "one that is not ready is restarted, as both routes ask the same"
    port = at(config, "scoringRoute", "port")
    for route in (*ROUTES, "startupRoute"):
        if (own := at(config, route, "port")) is not None and own != port:
            yield f"{route} asks port {number(own, 0):g}, which it does not serve at"


def bounds_hold(setting: Resource) -> Iterable[str]:
    """`enabled` is not false; of each of `profiles`, `minimum` <= `maximum` <= parameter `most`; where the endpoint is
    of the stack, so is the deployment; nothing else scales the same.
    """
    of_a_deployment(setting)
    if setting.at("enabled") is False:
        yield "it is off"
    cap = setting.parameters["most"]
    for profile in items(setting.at("profiles")):
        fewest, most = count(profile, "minimum"), count(profile, "maximum")
        if fewest > most:
            yield f"minimum is {fewest:g} and maximum {most:g}"
        if most > cap:
            yield f"maximum is {most:g}, more than {cap:g}"
    scaled = list(owners(setting, "targetResourceUri", DEPLOYMENT))
    if not scaled and any(owners(setting, "targetResourceUri", ENDPOINT)):
        yield f"{text(setting.at('targetResourceUri')).rpartition('/')[2]}, which it scales, is not there"
    for deployment in scaled:
        others = [
            each.name for each in belonging(deployment, AUTOSCALE, "targetResourceUri") if each.urn != setting.urn
        ]
        if others:
            yield f"{deployment.name} is scaled by {', '.join(others)}, too"


def blobs_can_be_restored(service: Resource) -> Iterable[str]:
    """`deleteRetentionPolicy` and `containerDeleteRetentionPolicy` are enabled."""
    for key, what in (("deleteRetentionPolicy", "blob"), ("containerDeleteRetentionPolicy", "container")):
        if service.at(key, "enabled") is not True:
            yield f"a {what} that is deleted is gone at once"


def account_has_copies(account: Resource) -> Iterable[str]:
    """`sku.name` is of a kind with a copy in another region (`GRS`, `RAGRS`, `GZRS`, `RAGZRS`), if parameter `copies`
    asks for one.
    """
    asked_for(account)
    yield from too_few(account, 1 if is_geographic(account) else 0)


def is_geographic(account: Resource) -> bool:
    """Whether storage has a copy in another region."""
    return text(account.at("sku", "name")).rpartition("_")[2] in GEOGRAPHIC


def registry_has_copies(registry: Resource) -> Iterable[str]:
    """A `Replication` of the stack is for the registry, as often as parameter `copies` asks."""
    asked_for(registry)
    yield from too_few(registry, len(list(belonging(registry, REPLICATION, "registryName"))))
