"""NET on Azure: which ways lead to an endpoint and to what it uses, and from its containers to the outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modelport_policies.addresses import ALL_PORTS, called, is_world
from modelport_policies.azure import (
    PRIVATE_ENDPOINT,
    PRIVATE_ZONES,
    REGISTRY,
    SECURITY_RULE,
    STORAGE,
    VAULT,
    WORKSPACE,
    machines,
)
from modelport_policies.control import NotApplicable
from modelport_policies.relations import belonging, in_use, is_declared_public, owners
from modelport_policies.resource import Resource, at, is_set, items, several, text
from modelport_policies.rewriting import Fill

LINKED = {WORKSPACE: "amlworkspace", STORAGE: "blob", REGISTRY: "registry", VAULT: "vault"}
"""What has private endpoints, and the part of it that they lead to."""
ISOLATED = ("AllowOnlyApprovedOutbound", "AllowInternetOutbound")
WORLD = ("*", "any", "internet")
TLS = (443, 443)
WITHOUT_GROUPS = ("AzureBastionSubnet", "AzureFirewallSubnet", "AzureFirewallManagementSubnet", "GatewaySubnet")
"""Subnets whose services refuse a security group, or need none."""


def endpoint_is_private(endpoint: Resource) -> Iterable[str]:
    """`properties.publicNetworkAccess` is `Disabled`, or a tag `exposure` is `public`. Not on Kubernetes, where the
    cluster says who reaches it.
    """
    if is_set(endpoint.inputs, "properties", "compute"):
        raise NotApplicable("the cluster that it is on says who reaches it")
    if not is_disabled(endpoint.at("properties", "publicNetworkAccess")) and not is_declared_public(endpoint):
        yield "the endpoint faces the internet; it is not declared public"


def is_disabled(setting: Any) -> bool:
    """Whether something is switched off, in whatever case, as Azure takes it."""
    return text(setting).lower() == "disabled"


def gateway_is_private(gateway: Resource) -> Iterable[str]:
    """None of `frontendIPConfigurations` has a `publicIPAddress`, or a tag `exposure` is `public`."""
    fronts = items(gateway.at("frontendIPConfigurations"))
    if any(is_set(each, "publicIPAddress") for each in fronts) and not is_declared_public(gateway):
        yield "the gateway faces the internet; it is not declared public"


def workspace_is_in_network(workspace: Resource) -> Iterable[str]:
    """`managedNetwork.isolationMode` is `AllowOnlyApprovedOutbound` or `AllowInternetOutbound`; a project has its
    hub's.
    """
    not_a_project(workspace)
    if workspace.at("managedNetwork", "isolationMode") not in ISOLATED:
        yield "the workspace has no managed network: containers run in a network of Azure's"


def not_a_project(workspace: Resource) -> None:
    """Return where a workspace has a network of its own.

    Raises:
        NotApplicable: it is a project.
    """
    if is_set(workspace.inputs, "hubResourceId"):
        raise NotApplicable("a project has the network of its hub")


def machines_are_in_network(compute: Resource) -> Iterable[str]:
    """`properties.properties.subnet` of machines is set, or their workspace has a managed network."""
    if is_set(machines(compute), "subnet"):
        return
    workspaces = list(owners(compute, "workspaceName", WORKSPACE))
    if not workspaces:
        raise NotApplicable("its workspace, which may have a network, is not of the stack")
    if not any(each.at("managedNetwork", "isolationMode") in ISOLATED for each in workspaces):
        yield "the machines have no subnet: they run in a network of Azure's"


def network_is_isolated(workspace: Resource) -> Iterable[str]:
    """`managedNetwork.isolationMode` is `AllowOnlyApprovedOutbound`, where there is a managed network."""
    not_a_project(workspace)
    mode = workspace.at("managedNetwork", "isolationMode")
    if mode not in ISOLATED:
        raise NotApplicable("it has no managed network (NET-02)")
    if mode != "AllowOnlyApprovedOutbound":
        yield "the containers can call whom they like"


def rule_names_destination(rule: Resource) -> Iterable[str]:
    """`properties.destination` is neither a name that is a wildcard alone, nor the service tag or addresses of the
    internet.
    """
    destination = rule.at("properties", "destination")
    named = [destination] if isinstance(destination, str) else several(at(destination, "addressPrefixes"))
    for each in (*named, *several(at(destination, "serviceTag"))):
        if is_everyone(each) or text(each) in ("*.*", "*.com"):
            yield f"{text(each)} can be called"


def is_everyone(prefix: Any) -> bool:
    """Whether a prefix or service tag of a rule is the world."""
    return text(prefix).lower() in WORLD or is_world(prefix)


def workspace_is_private(workspace: Resource) -> Iterable[str]:
    """`publicNetworkAccess` is `Disabled`, and `allowPublicAccessWhenBehindVnet` is not true."""
    if not is_disabled(workspace.at("publicNetworkAccess")):
        yield "it takes requests from public networks"
    if workspace.at("allowPublicAccessWhenBehindVnet") is True:
        yield "it takes requests from public networks although it is in a network"


def has_private_endpoint(resource: Resource) -> Iterable[str]:
    """A `PrivateEndpoint` of the stack leads to it (of a storage account to `blob`), and a `PrivateDnsZoneGroup` of the
    stack gives that endpoint its name.
    """
    if resource.type == WORKSPACE:
        not_a_project(resource)
    found = belonging(resource, PRIVATE_ENDPOINT, "privateLinkServiceConnections")
    endpoints = [each for each in found if leads_to(each, LINKED[resource.type])]
    if not endpoints:
        yield f"no private endpoint leads to its {LINKED[resource.type]}"
    elif not any(zones for each in endpoints for zones in belonging(each, PRIVATE_ZONES, "privateEndpointName")):
        yield "no private zone has the name of its private endpoint: clients are led to the public one"


def leads_to(endpoint: Resource, part: str) -> bool:
    """Whether a private endpoint leads to this part of something."""
    connections = items(endpoint.at("privateLinkServiceConnections"))
    return any(part in items(at(each, "groupIds")) for each in connections)


def account_is_private(account: Resource) -> Iterable[str]:
    """`publicNetworkAccess` is `Disabled` (or `SecuredByPerimeter`), and `allowBlobPublicAccess` is false."""
    if text(account.at("publicNetworkAccess")).lower() not in ("disabled", "securedbyperimeter"):
        yield "the account takes requests from public networks"
    if account.at("allowBlobPublicAccess") is not False:
        yield "containers of the account may be opened to everyone"


def closes_containers(account: Resource) -> Iterable[Fill]:
    """`allowBlobPublicAccess` becomes false, unless a tag `exposure` is `public`. Networks stay as they are."""
    if not is_declared_public(account):
        yield ("allowBlobPublicAccess",), False


def container_is_private(container: Resource) -> Iterable[str]:
    """`publicAccess` is `None`, or missing."""
    if (access := text(container.at("publicAccess")) or "None") != "None":
        yield f"everyone can read it: {access}"


def registry_is_private(registry: Resource) -> Iterable[str]:
    """`publicNetworkAccess` is `Disabled`, `anonymousPullEnabled` is not true, and `policies.exportPolicy.status` is
    `disabled`.
    """
    if not is_disabled(registry.at("publicNetworkAccess")):
        yield "the registry takes requests from public networks"
    if registry.at("anonymousPullEnabled") is True:
        yield "everyone can pull from it"
    if not is_disabled(registry.at("policies", "exportPolicy", "status")):
        yield "its images can be exported to other registries"


def account_has_firewall(account: Resource) -> Iterable[str]:
    """`networkRuleSet.defaultAction` is `Deny`, `bypass` is `AzureServices` alone, and none of `ipRules` is the
    world.
    """
    yield from firewall(account.at("networkRuleSet"))


def vault_has_firewall(vault: Resource) -> Iterable[str]:
    """`properties.publicNetworkAccess` is `disabled`, `networkAcls.defaultAction` is `Deny`, `bypass` is
    `AzureServices`, and none of `ipRules` is the world.
    """
    if not is_disabled(vault.at("properties", "publicNetworkAccess")):
        yield "the vault takes requests from public networks"
    yield from firewall(vault.at("properties", "networkAcls"))


def firewall(rules: Any) -> Iterable[str]:
    """What the rules of an account or a vault let through."""
    if text(at(rules, "defaultAction")).lower() != "deny":
        yield "what no rule is about is let through"
    if (bypass := text(at(rules, "bypass")) or "AzureServices") == "None":
        yield "trusted services, which the workspace is one of, do not pass by the rules"
    elif bypass != "AzureServices":
        yield f"what passes by the rules is {bypass}, not trusted services alone"
    for rule in items(at(rules, "ipRules")):
        if is_everyone(address := at(rule, "iPAddressOrRange") or at(rule, "value")):
            yield f"{text(address)} is let through"


def ingress_is_narrow(resource: Resource) -> Iterable[str]:
    """No rule lets the world (`*`, `Internet`, `0.0.0.0/0` and the like) in, but to port 443 where a tag `exposure` is
    `public`.
    """
    for rule, source in allowed(resource, "inbound", "source"):
        for ports in ports_of(rule):
            if ports != TLS or not is_declared_public(resource):
                yield f"{called(ports)} open to {source}"


def egress_is_narrow(resource: Resource) -> Iterable[str]:
    """No rule lets anything out to the world (`*`, `Internet`, `0.0.0.0/0` and the like)."""
    for rule, destination in allowed(resource, "outbound", "destination"):
        for ports in ports_of(rule):
            yield f"{called(ports)} of {destination} can be reached"


def group_denies_egress(group: Resource) -> Iterable[str]:
    """No rule lets anything out to the world, and one of `securityRules`, or a `SecurityRule` of the stack, denies it:
    the rules that every group has allow it.
    """
    yield from egress_is_narrow(group)
    beside = [each.inputs for each in belonging(group, SECURITY_RULE, "networkSecurityGroupName")]
    denied = rules_about([*rules_of(group), *beside], "outbound", "deny", "destination")
    if not any(denied):
        yield "no rule denies what the rules of every group allow: the internet"


def allowed(resource: Resource, direction: str, end: str) -> Iterator[tuple[Any, str]]:
    """The rules that allow a direction with each of their prefixes that are the world."""
    return rules_about(rules_of(resource), direction, "allow", end)


def rules_about(rules: Iterable[Any], direction: str, access: str, end: str) -> Iterator[tuple[Any, str]]:
    """Those of the rules with this direction and access with each of their prefixes that are the world."""
    for rule in rules:
        if text(at(rule, "direction")).lower() == direction and text(at(rule, "access")).lower() == access:
            for key in (f"{end}AddressPrefix", f"{end}AddressPrefixes"):
                yield from ((rule, text(each)) for each in several(at(rule, key)) if is_everyone(each))


def rules_of(resource: Resource) -> list[Any]:
    """The rules that a group has in itself, or the one that a resource is."""
    return [resource.inputs] if resource.type == SECURITY_RULE else list(items(resource.at("securityRules")))


def ports_of(rule: Any) -> list[tuple[float, float]]:
    """The ranges of ports of a rule."""
    given = (*several(at(rule, "destinationPortRange")), *several(at(rule, "destinationPortRanges")))
    return [range_of(text(each)) for each in given] or [ALL_PORTS]


def range_of(ports: str) -> tuple[float, float]:
    """Ports as a rule has them: one, a range, or a star."""
    first, _, last = ports.partition("-")
    return (int(first), int(last or first)) if first.isdecimal() and (last or first).isdecimal() else ALL_PORTS


def interface_is_private(interface: Resource) -> Iterable[str]:
    """None of `ipConfigurations` has a `publicIPAddress`, and `enableIPForwarding` is not true."""
    if any(is_set(each, "publicIPAddress") for each in items(interface.at("ipConfigurations"))):
        yield "the interface has a public address"
    if interface.at("enableIPForwarding") is True:
        yield "the interface forwards what is for others"


def machines_are_private(compute: Resource) -> Iterable[str]:
    """`properties.properties.enableNodePublicIp` of machines is false: they have public addresses by default."""
    if at(machines(compute), "enableNodePublicIp") is not False:
        yield "the machines get public addresses"


def subnet_has_group(subnet: Resource) -> Iterable[str]:
    """`networkSecurityGroup` is set."""
    if (name := subnet.at("subnetName")) in WITHOUT_GROUPS:
        raise NotApplicable(f"{name} is for a service that brings its own rules")
    if not is_set(subnet.inputs, "networkSecurityGroup"):
        yield "the subnet has no security group"


def subnets_have_groups(network: Resource) -> Iterable[str]:
    """Each of `subnets` has a `networkSecurityGroup`."""
    for subnet in items(network.at("subnets")):
        if (name := text(at(subnet, "name"))) not in WITHOUT_GROUPS and not is_set(subnet, "networkSecurityGroup"):
            yield f"the subnet {name} has no security group"


def rules_are_described(resource: Resource) -> Iterable[str]:
    """`description` of each rule says what it is for."""
    for rule in rules_of(resource):
        if not text(at(rule, "description")):
            name = text(at(rule, "name") or at(rule, "securityRuleName"))
            yield f"the rule {name or 'without a name'} has no description"


def group_is_in_order(group: Resource) -> Iterable[str]:
    """`description` of each of `securityRules` says what it is for, and a resource of the stack has the group."""
    yield from rules_are_described(group)
    used = in_use(group, SECURITY_RULE)
    if used and group.urn not in used:
        yield "nothing of the stack has the group"


def front_is_guarded(gateway: Resource) -> Iterable[str]:
    """Where a tag `exposure` is `public`, a `firewallPolicy` is there or `webApplicationFirewallConfiguration` is
    enabled to prevent, in a tier with a firewall.
    """
    if not is_declared_public(gateway):
        raise NotApplicable("it is not declared public")
    own = gateway.at("webApplicationFirewallConfiguration")
    prevents = at(own, "enabled") is True and at(own, "firewallMode") == "Prevention"
    if not is_set(gateway.inputs, "firewallPolicy") and not prevents:
        yield "no firewall looks at requests before they are let through"
    if not (tier := text(gateway.at("sku", "tier"))).startswith("WAF"):
        yield f"its tier {tier or 'Standard'} has no firewall"
