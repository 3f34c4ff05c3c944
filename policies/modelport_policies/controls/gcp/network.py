"""NET on Google Cloud: which ways lead to an endpoint from outside, and from a network to the outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from modelport_policies.addresses import is_world
from modelport_policies.control import NotApplicable
from modelport_policies.gcp import (
    BACKENDS,
    EVERYONE,
    FIREWALL,
    FIREWALL_POLICIES,
    FORWARDING_RULE,
    NETWORK,
    PLAIN_PROXIES,
    of_ones_own,
)
from modelport_policies.relations import belonging, is_declared_public, owners
from modelport_policies.resource import Resource, at, is_filled, is_set, items, several, text, type_of
from modelport_policies.rewriting import Fill

OUTSIDE = ("EXTERNAL", "EXTERNAL_MANAGED")
SCHEMES = dict(zip(BACKENDS, ("EXTERNAL", "INTERNAL"), strict=True))
"""What backends are for by default."""
WITHOUT_SOURCE = ("sourceTags", "sourceServiceAccounts")


def endpoint_is_private(endpoint: Resource) -> Iterable[str]:
    """`privateServiceConnectConfig.enablePrivateServiceConnect` is true, or `network` is set; or a label `exposure` is
    `public`.
    """
    if not (is_connected(endpoint.inputs) or is_set(endpoint.inputs, "network") or is_declared_public(endpoint)):
        yield "the endpoint faces the internet; it is not declared public"


def garden_endpoint_is_private(deployment: Resource) -> Iterable[str]:
    """`endpointConfig.privateServiceConnectConfig.enablePrivateServiceConnect` is true."""
    if not is_connected(deployment.at("endpointConfig")):
        yield "the endpoint faces the internet"


def is_connected(values: Any) -> bool:
    """Whether an endpoint is reached by Private Service Connect only."""
    return at(values, "privateServiceConnectConfig", "enablePrivateServiceConnect") is True


def rule_is_internal(rule: Resource) -> Iterable[str]:
    """`loadBalancingScheme` is not `EXTERNAL` or `EXTERNAL_MANAGED`, or a label `exposure` is `public`."""
    scheme = rule.at("loadBalancingScheme")
    if ("EXTERNAL" if scheme is None else scheme) in OUTSIDE and not is_declared_public(rule):
        yield "it forwards what comes from the internet; it is not declared public"


def endpoint_is_in_network(endpoint: Resource) -> Iterable[str]:
    """`privateServiceConnectConfig` has `projectAllowlists` or `pscAutomationConfigs`: the projects whose networks the
    endpoint is in.
    """
    if not is_connected(endpoint.inputs):
        raise NotApplicable("it is in no network by Private Service Connect; NET-01 asks whether it has to be")

    if not any(
        is_filled(endpoint, "privateServiceConnectConfig", key) for key in ("projectAllowlists", "pscAutomationConfigs")
    ):
        yield "no project may connect a network of its own to the endpoint"


def endpoint_calls_nobody(endpoint: Resource) -> Iterable[str]:
    """`network` is not set: containers of an endpoint that is peered with a network reach what the network reaches,
    those behind Private Service Connect nobody.
    """
    if is_set(endpoint.inputs, "network"):
        yield "the containers can call whom the network that the endpoint is peered with can"
    elif not is_connected(endpoint.inputs):
        raise NotApplicable("the network of a public endpoint is Google's")


def subnet_reaches_google(subnet: Resource) -> Iterable[str]:
    """`privateIpGoogleAccess` is true, and with IPv6 `privateIpv6GoogleAccess` is on."""
    of_ones_own(subnet)
    if subnet.at("privateIpGoogleAccess") is not True:
        yield "what is in the subnet calls Google's services over the internet, or not at all"
    if "IPV6" in text(subnet.at("stackType")) and not text(subnet.at("privateIpv6GoogleAccess")).startswith("ENABLE"):
        yield "what has IPv6 calls Google's services over the internet, or not at all"


def endpoint_is_connected(endpoint: Resource) -> Iterable[str]:
    """A `ForwardingRule` of the stack has a `target` and the `loadBalancingScheme` "", or `pscAutomationConfigs` makes
    it, where the stack makes a network and the endpoint is for Private Service Connect.
    """
    types = endpoint.stack.by(type_of)
    if not is_connected(endpoint.inputs) or not types.get(NETWORK):
        raise NotApplicable("the stack makes no network for the endpoint to be in")
    if is_filled(endpoint, "privateServiceConnectConfig", "pscAutomationConfigs"):
        return
    if not any(
        each.at("loadBalancingScheme") == "" and is_set(each.inputs, "target")
        for each in types.get(FORWARDING_RULE, ())
    ):
        yield "no forwarding rule of the stack's network leads to the endpoint"


def bucket_is_closed(bucket: Resource) -> Iterable[str]:
    """`publicAccessPrevention` is `enforced`."""
    if bucket.at("publicAccessPrevention") != "enforced":
        yield "nothing keeps objects of the bucket from being made public"


def closes(bucket: Resource) -> Iterable[Fill]:
    """`publicAccessPrevention` becomes `enforced`, unless a label `exposure` is `public`."""
    if not is_declared_public(bucket):
        yield ("publicAccessPrevention",), "enforced"


def dataset_is_closed(dataset: Resource) -> Iterable[str]:
    """No entry of `accesses` has `allUsers` or `allAuthenticatedUsers` for its `specialGroup` or `iamMember`."""
    for entry in items(dataset.at("accesses")):
        yield from to_everyone(entry)


def entry_is_closed(entry: Resource) -> Iterable[str]:
    """Neither `specialGroup` nor `iamMember` is `allUsers` or `allAuthenticatedUsers`."""
    yield from to_everyone(entry.inputs)


def to_everyone(entry: Any) -> Iterable[str]:
    """What is wrong with whom an entry of a dataset's access is for."""
    for key in ("specialGroup", "iamMember"):
        if (who := text(at(entry, key))) in EVERYONE:
            yield f"{who} has {text(at(entry, 'role'))}"


def firewall_is_narrow(firewall: Resource) -> Iterable[str]:
    """A rule of `INGRESS` with `allows` has no world in `sourceRanges` (`0.0.0.0/0`, `::/0` and the like); without any
    it has `sourceTags` or `sourceServiceAccounts`.
    """
    of_direction(firewall, "INGRESS")
    ranges = several(firewall.at("sourceRanges"))
    if not items(firewall.at("allows")):
        return
    for cidr in ranges:
        if is_world(cidr):
            yield f"{ports(firewall)} open to {text(cidr)}"
    if not ranges and not any(is_filled(firewall, key) for key in WITHOUT_SOURCE):
        yield f"{ports(firewall)} open to everyone: the rule names no source"


def egress_is_narrow(firewall: Resource) -> Iterable[str]:
    """A rule of `EGRESS` with `allows` names `destinationRanges`, none of them the world."""
    of_direction(firewall, "EGRESS")
    if not items(firewall.at("allows")):
        return
    ranges = several(firewall.at("destinationRanges"))
    for cidr in ranges or ["0.0.0.0/0"]:
        if is_world(cidr):
            yield f"{ports(firewall)} of {text(cidr)} can be reached"


def of_direction(resource: Resource, direction: str) -> list[Any]:
    """The rules of a firewall policy, or the one that a resource is, that are about a direction.

    Raises:
        NotApplicable: none is, or it is switched off.
    """
    rules = items(resource.at("rules")) if resource.type in FIREWALL_POLICIES else [resource.inputs]
    about = [rule for rule in rules if (text(at(rule, "direction")) or "INGRESS") == direction]
    if not (enabled := [rule for rule in about if at(rule, "disabled") is not True]):
        raise NotApplicable("it is disabled" if about else f"it is not about {direction}")
    return enabled


def ports(firewall: Resource) -> str:
    """What a rule allows, in words."""
    allowed = [
        f"{text(at(each, 'protocol'))} {','.join(text(port) for port in items(at(each, 'ports')))}".strip()
        for each in items(firewall.at("allows"))
    ]
    return f"{' and '.join(allowed)} {'is' if len(allowed) == 1 else 'are'}"


def policy_is_narrow(policy: Resource) -> Iterable[str]:
    """A rule of `INGRESS`, be it one of `rules`, with the `action` `allow` has no world in `match.srcIpRanges`."""
    yield from allowed_world(of_direction(policy, "INGRESS"), "srcIpRanges")


def policy_egress_is_narrow(policy: Resource) -> Iterable[str]:
    """A rule of `EGRESS`, be it one of `rules`, with the `action` `allow` has no world in `match.destIpRanges`."""
    yield from allowed_world(of_direction(policy, "EGRESS"), "destIpRanges")


def allowed_world(rules: Iterable[Any], key: str) -> Iterable[str]:
    """The networks of everybody that rules of a firewall policy allow."""
    for rule in rules:
        if text(at(rule, "action")).lower() == "allow":
            yield from (f"{text(cidr)} is allowed" for cidr in several(at(rule, "match", key)) if is_world(cidr))


def network_denies_egress(network: Resource) -> Iterable[str]:
    """A `Firewall` of the stack denies the network's `EGRESS` to the world; without one, everything is allowed."""
    if not any(denies_world(each) for each in belonging(network, FIREWALL, "network")):
        yield "no rule of the stack denies egress, so that all of the world can be reached"


def denies_world(firewall: Resource) -> bool:
    """Whether a rule denies every protocol to every address."""
    denied: Sequence[Any] = items(firewall.at("denies"))
    everywhere = any(is_world(cidr) for cidr in several(firewall.at("destinationRanges")) or ["0.0.0.0/0"])
    every = any(at(each, "protocol") == "all" for each in denied)
    return firewall.at("direction") == "EGRESS" and every and everywhere and firewall.at("disabled") is not True


def network_is_own(network: Resource) -> Iterable[str]:
    """`autoCreateSubnetworks` is false: one makes a subnet in every region, which nobody asked for."""
    if network.at("autoCreateSubnetworks") is not False:
        yield "the network makes itself a subnet in every region"


def project_has_no_network(project: Resource) -> Iterable[str]:
    """`autoCreateNetwork` is false: the network `default` is open to much."""
    if project.at("autoCreateNetwork") is not False:
        yield "the project comes with the network default"


def network_is_not_default(resource: Resource) -> Iterable[str]:
    """`network` is not the one called `default`."""
    if text(resource.at("network")).rpartition("/")[2] == "default":
        yield "it uses the network default, which came with the project"


def instance_is_private(instance: Resource) -> Iterable[str]:
    """No entry of `networkInterfaces` has `accessConfigs` or `ipv6AccessConfigs`, or the network `default`;
    `canIpForward` is not true.
    """
    for interface in items(instance.at("networkInterfaces")):
        if any(is_set(interface, key) for key in ("accessConfigs", "ipv6AccessConfigs")):
            yield "the instance has a public address"
        if text(at(interface, "network")).rpartition("/")[2] == "default":
            yield "the instance is in the network default"
    if instance.at("canIpForward") is True:
        yield "the instance forwards what is for others"


def address_is_internal(address: Resource) -> Iterable[str]:
    """`addressType` is `INTERNAL`, or a label `exposure` is `public`."""
    if (kind := text(address.at("addressType")) or "EXTERNAL") != "INTERNAL" and not is_declared_public(address):
        yield f"the address is {kind}; it is not declared public"


def front_is_guarded(backend: Resource) -> Iterable[str]:
    """`securityPolicy` is set and `iap.enabled` true where `loadBalancingScheme` is `EXTERNAL` (by default where there
    is no region) or `EXTERNAL_MANAGED`.
    """
    scheme = text(backend.at("loadBalancingScheme")) or SCHEMES[backend.type]
    if scheme not in OUTSIDE:
        raise NotApplicable(f"{scheme} is not for the internet")
    if not is_set(backend.inputs, "securityPolicy"):
        yield "no policy of Cloud Armor stands before it"
    if backend.at("iap", "enabled") is not True:
        yield "nobody asks callers who they are: iap is not enabled"


def plain_requests_are_led_on(proxy: Resource) -> Iterable[str]:
    """`urlMap` is a `URLMap` or `RegionUrlMap` of the stack with `defaultUrlRedirect.httpsRedirect`."""
    maps = list(owners(proxy, "urlMap", PLAIN_PROXIES[proxy.type]))
    if not any(each.at("defaultUrlRedirect", "httpsRedirect") is True for each in maps):
        yield "what comes by plain HTTP is not led to HTTPS"
