"""RSD on Azure: in which regions resources are, where copies and logs go, and where keys are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from modelport_policies.azure import KEY, VAULT
from modelport_policies.control import NotApplicable
from modelport_policies.controls.azure.resilience import is_geographic
from modelport_policies.relations import owners
from modelport_policies.resource import Resource, at, items, text

PAIRS = (
    *(("eastus", "westus"), ("eastus2", "centralus"), ("westus2", "westcentralus")),
    *(("northcentralus", "southcentralus"), ("canadacentral", "canadaeast"), ("northeurope", "westeurope")),
    *(("uksouth", "ukwest"), ("francecentral", "francesouth"), ("germanywestcentral", "germanynorth")),
    *(("switzerlandnorth", "switzerlandwest"), ("norwayeast", "norwaywest"), ("swedencentral", "swedensouth")),
    *(("eastasia", "southeastasia"), ("japaneast", "japanwest"), ("koreacentral", "koreasouth")),
    *(("centralindia", "southindia"), ("australiaeast", "australiasoutheast")),
    *(("southafricanorth", "southafricawest"), ("uaenorth", "uaecentral")),
)
"""Regions each of which has the geographic copies of the other."""
PARTNERS = {
    **{one: other for pair in PAIRS for one, other in (pair, pair[::-1])},
    "westus3": "eastus",
    "brazilsouth": "southcentralus",
    "westindia": "southindia",
}
ANYWHERE = ("", "global")


def is_in_region(resource: Resource) -> Iterable[str]:
    """`location` is one of parameter `regions`, or `Global`."""
    regions = regions_of(resource)
    if (own := region(resource.at("location"))) in ANYWHERE:
        raise NotApplicable("it is where its group or provider is, or everywhere")
    yield from elsewhere("it is", own, regions)


def regions_of(resource: Resource) -> Sequence[str]:
    """The regions that are allowed.

    Raises:
        NotApplicable: all are.
    """
    if not (regions := [region(each) for each in resource.parameters["regions"]]):
        raise NotApplicable("parameter regions names none: all are allowed")
    return regions


def region(location: Any) -> str:
    """A region by its name for machines: `West Europe` is `westeurope`."""
    return text(location).replace(" ", "").lower()


def elsewhere(what: str, own: str, regions: Sequence[str]) -> Iterable[str]:
    """What is wrong with a region."""
    if own not in regions:
        yield f"{what} in {own}, not in {' or '.join(regions)}"


def copies_stay_in_region(account: Resource) -> Iterable[str]:
    """Where `sku.name` has a copy in another region, that of the pair is one of parameter `regions`."""
    regions = regions_of(account)
    if not is_geographic(account):
        raise NotApplicable("it has no copy in another region")
    own = region(account.at("location"))
    partner = PARTNERS.get(own, f"the partner of {own or 'a region that is not named'}")
    yield from elsewhere("its copy is", partner, regions)


def registry_stays_in_regions(registry: Resource) -> Iterable[str]:
    """`location` of each of `regionDetails` is one of parameter `regions`."""
    regions = regions_of(registry)
    for each in items(registry.at("regionDetails")):
        yield from elsewhere("it is", region(at(each, "location")), regions)


def key_is_near(resource: Resource) -> Iterable[str]:
    """The vault of the stack that has the key of `encryption` is in the region of what it encrypts, or in one of
    parameter `regions`.
    """
    vaults = list(vaults_of(resource))
    if not vaults:
        raise NotApplicable("its key is in no vault of the stack")
    allowed = [region(each) for each in resource.parameters["regions"]] or [region(resource.at("location"))]
    for vault in vaults:
        if (own := region(vault.at("location"))) not in (*allowed, ""):
            yield f"its key is in {own}, not in {' or '.join(allowed)}"


def vaults_of(resource: Resource) -> Iterator[Resource]:
    """The vaults of the stack that have a resource's key."""
    yield from owners(resource, "encryption", VAULT)
    for key in owners(resource, "encryption", KEY):
        yield from owners(key, "vaultName", VAULT)
