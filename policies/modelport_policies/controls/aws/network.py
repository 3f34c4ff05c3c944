"""NET on AWS: which ways lead to an endpoint from outside, and from its containers to the outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from modelport_policies.addresses import ALL_PORTS, called, is_world
from modelport_policies.aws import (
    BUCKET_ACCESS_BLOCK,
    DEFAULT_SECURITY_GROUP,
    EGRESS_RULE,
    INGRESS_RULE,
    LISTENER,
    LISTENER_RULE,
    MODEL,
    NETWORK_ACL,
    NETWORK_ACL_ASSOCIATION,
    NETWORK_ACL_RULE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    STAGE,
    VPC_ENDPOINT,
    VPC_ENDPOINT_ROUTE,
    WEB_ACL_ASSOCIATION,
    job,
    open_to_all,
)
from modelport_policies.control import NotApplicable
from modelport_policies.relations import belonging, in_use, is_declared_public, known
from modelport_policies.resource import Resource, at, is_filled, items, number, several, text, type_of
from modelport_policies.rewriting import Fill
from modelport_policies.sagemaker import only_serverless

PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
PUBLIC_GROUPS = ("/AllUsers", "/AuthenticatedUsers")
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
RULES = (INGRESS_RULE, EGRESS_RULE, SECURITY_GROUP_RULE)
"""What belongs to a security group, rather than the group to it."""
INGRESS = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP, INGRESS_RULE, SECURITY_GROUP_RULE)
EGRESS = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP, EGRESS_RULE, SECURITY_GROUP_RULE)
DEFAULT_DESCRIPTIONS = ("", "Managed by Pulumi", "Managed by Terraform")
TLS = (443, 443)
ASKING = ("authenticate-cognito", "authenticate-oidc", "jwt-validation")
"""Actions of listeners that ask callers who they are."""


def balancer_is_internal(balancer: Resource) -> Iterable[str]:
    """`internal` is true, or a tag `exposure` is `public`."""
    if balancer.at("internal") is not True and not is_declared_public(balancer):
        yield "the balancer faces the internet; it is not declared public"


def api_is_private(api: Resource) -> Iterable[str]:
    """`endpointConfiguration.types` is `PRIVATE`, or a tag `exposure` is `public`."""
    kinds = several(api.at("endpointConfiguration", "types"))
    if kinds != ["PRIVATE"] and not is_declared_public(api):
        yield f"the API is {' and '.join(map(text, kinds)) or 'EDGE'}, not PRIVATE; it is not declared public"


def http_api_is_declared(api: Resource) -> Iterable[str]:
    """A tag `exposure` is `public`: an HTTP or WebSocket API faces the internet, whatever else is said of it."""
    if not is_declared_public(api):
        yield "an API of this type faces the internet; it is not declared public"


def model_is_in_vpc(model: Resource) -> Iterable[str]:
    """`vpcConfig` has `subnets` and `securityGroupIds`; SageMaker takes none where all variants of the model are
    serverless.
    """
    for key in ("subnets", "securityGroupIds"):
        if not is_filled(model, "vpcConfig", key):
            with_instances(model)
            yield f"vpcConfig has no {key}: the containers run in a network of Amazon's"


def model_is_isolated(model: Resource) -> Iterable[str]:
    """`enableNetworkIsolation` is true: the containers call nobody. SageMaker isolates none where all variants of the
    model are serverless.
    """
    if model.at("enableNetworkIsolation") is not True:
        with_instances(model)
        yield "the containers can call whom they like"


def with_instances(model: Resource) -> None:
    """Return where a variant of a model has instances, or the stack has none of it.

    Raises:
        NotApplicable: its variants are serverless.
    """
    if only_serverless(model):
        raise NotApplicable("SageMaker takes neither networks nor isolation for serverless variants")


def job_is_isolated(resource: Resource) -> Iterable[str]:
    """`networkConfig.enableNetworkIsolation` of the job is true."""
    if at(job(resource).network, "enableNetworkIsolation") is not True:
        yield "the containers of the job can call whom they like"


def bucket_is_blocked(bucket: Resource) -> Iterable[str]:
    """A `BucketPublicAccessBlock` of the stack is for the bucket, and its own `acl` is not public."""
    for acl in known(bucket, "acl"):
        yield from public_acl(acl)
    if not any(belonging(bucket, BUCKET_ACCESS_BLOCK, "bucket")):
        yield "nothing blocks public access to the bucket"


def block_is_whole(block: Resource) -> Iterable[str]:
    """`blockPublicAcls`, `blockPublicPolicy`, `ignorePublicAcls` and `restrictPublicBuckets` are true."""
    for key in BLOCKS:
        if block.at(key) is not True:
            yield f"{key} is not true"


def blocks_all(_block: Resource) -> Iterable[Fill]:
    """The four flags become true."""
    yield from (((key,), True) for key in BLOCKS)


def acl_is_private(acl: Resource) -> Iterable[str]:
    """`acl` is none of the public ones, and no grant of `accessControlPolicy` is to all users or all accounts."""
    yield from public_acl(acl.at("acl"))
    for grant in items(acl.at("accessControlPolicy", "grants")):
        if (group := text(at(grant, "grantee", "uri"))).endswith(PUBLIC_GROUPS):
            yield f"{group.rpartition('/')[2]} are granted {text(at(grant, 'permission'))}"


def object_is_private(thing: Resource) -> Iterable[str]:
    """`acl` is none of the public ones."""
    yield from public_acl(thing.at("acl"))


def public_acl(acl: Any) -> Iterable[str]:
    """What is wrong with a canned ACL."""
    if acl in PUBLIC_ACLS:
        yield f"the ACL is {acl}"


def policy_is_private(resource: Resource) -> Iterable[str]:
    """`policy` allows nothing to everyone, but for whom a condition narrows to accounts, networks or resources."""
    yield from open_to_all(resource.at("policy"))


def repository_is_public(_repository: Resource) -> Iterable[str]:
    """No input: whoever likes pulls from a public repository."""
    yield "everyone can pull from it"


def ingress_is_narrow(resource: Resource) -> Iterable[str]:
    """No rule of ingress has the world (`0.0.0.0/0`, `::/0` and the like) for its source, but for port 443 where a tag
    `exposure` is `public`.
    """
    for rule, cidr in from_world(resource, "ingress"):
        if ports(rule) != TLS or not is_declared_public(resource):
            yield f"{called(ports(rule))} open to {cidr}"


def acl_is_narrow(acl: Resource) -> Iterable[str]:
    """No rule of ingress allows the world ports below 1024, but for port 443 where a tag `exposure` is `public`.

    The ports above are those of answers.
    """
    if acl.at("egress") is True:
        raise NotApplicable("it is about egress")
    for rule, cidr in from_world(acl, "ingress"):
        allows = text(at(rule, "action") or at(rule, "ruleAction")).lower() == "allow" and ports(rule)[0] < 1024
        if allows and (ports(rule) != TLS or not is_declared_public(acl)):
            yield f"{called(ports(rule))} open to {cidr}"


def egress_is_narrow(resource: Resource) -> Iterable[str]:
    """No rule of egress has the world (`0.0.0.0/0`, `::/0` and the like) for its destination."""
    for rule, cidr in from_world(resource, "egress"):
        yield f"{called(ports(rule))} of {cidr} can be reached"


def from_world(resource: Resource, direction: str) -> Iterable[tuple[Any, str]]:
    """Every rule of a direction with each of its addresses that are the world."""
    for rule in rules(resource, direction):
        for key in ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6", "cidrBlock", "ipv6CidrBlock"):
            yield from ((rule, text(cidr)) for cidr in several(at(rule, key)) if is_world(cidr))


def rules(resource: Resource, direction: str) -> Sequence[Any]:
    """The rules that a group or list has in itself, or the one that a resource is.

    Raises:
        NotApplicable: it is one of the other direction.
    """
    if resource.type == SECURITY_GROUP_RULE and (own := resource.at("type")) != direction:
        raise NotApplicable(f"it is about {text(own)}")
    if resource.type in (*RULES, NETWORK_ACL_RULE):
        return [resource.inputs]
    return items(resource.at(direction))


def ports(rule: Any) -> tuple[float, float]:
    """The first and the last port of a rule; all where it has none, or is for every protocol."""
    if text(at(rule, "protocol") or at(rule, "ipProtocol")) in ("-1", "all"):
        return ALL_PORTS
    return number(at(rule, "fromPort"), ALL_PORTS[0]), number(at(rule, "toPort"), ALL_PORTS[1])


def subnet_is_private(subnet: Resource) -> Iterable[str]:
    """`mapPublicIpOnLaunch` is not true."""
    if subnet.at("mapPublicIpOnLaunch") is True:
        yield "what starts in the subnet gets a public address"


def instance_is_private(instance: Resource) -> Iterable[str]:
    """`associatePublicIpAddress` is not true, and `sourceDestCheck` not false."""
    if instance.at("associatePublicIpAddress") is True:
        yield "the instance has a public address"
    if instance.at("sourceDestCheck") is False:
        yield "the instance forwards what is for others"


def default_network_is_used(_network: Resource) -> Iterable[str]:
    """No input: the networks that come with an account are open ones, and nobody's own."""
    yield "it is a network that came with the account"


def default_group_is_closed(group: Resource) -> Iterable[str]:
    """There is neither `ingress` nor `egress`: what names no group has this one."""
    for direction in ("ingress", "egress"):
        if items(group.at(direction)):
            yield f"the group that everything has by default allows {direction}"


def group_is_in_order(group: Resource) -> Iterable[str]:
    """`description` says what the group is for, as does that of each of its rules, and a resource of the stack has the
    group.
    """
    if text(group.at("description")) in DEFAULT_DESCRIPTIONS:
        yield "the group has no description"
    for direction in ("ingress", "egress"):
        if any(not text(at(rule, "description")) for rule in items(group.at(direction))):
            yield f"a rule of {direction} has no description"
    used = in_use(group, *RULES)
    if used and group.urn not in used:
        yield "nothing of the stack has the group"


def rule_is_described(rule: Resource) -> Iterable[str]:
    """`description` says what the rule is for."""
    if not text(rule.at("description")):
        yield "the rule has no description"


def subnet_has_acl(subnet: Resource) -> Iterable[str]:
    """A `NetworkAcl` of the stack, or a `NetworkAclAssociation`, has the subnet."""
    ways = ((NETWORK_ACL, "subnetIds"), (NETWORK_ACL_ASSOCIATION, "subnetId"))
    if not any(acl for type_, key in ways for acl in belonging(subnet, type_, key)):
        yield "the subnet has the access list of all subnets, which allows everything"


def services_are_reached_privately(network: Resource) -> Iterable[str]:
    """Where the stack has a `Model`, a `VpcEndpoint` of the VPC is for each of parameter `services`."""
    if not network.stack.by(type_of).get(MODEL):
        raise NotApplicable("the stack has no model that runs in it")
    wanted, found = network.parameters["services"], set()
    for endpoint in belonging(network, VPC_ENDPOINT, "vpcId"):
        name = text(endpoint.at("serviceName"))
        found |= {service for service in wanted if name.endswith(f".{service}")}
        if found >= set(wanted):
            return
    if missing := [service for service in wanted if service not in found]:
        yield f"the VPC reaches {', '.join(missing)} by the internet, or not at all"


def endpoint_is_used(endpoint: Resource) -> Iterable[str]:
    """`privateDnsEnabled` is true for the type `Interface`; for the type `Gateway`, `routeTableIds` has some, or a
    `VpcEndpointRouteTableAssociation` of the stack is for it.
    """
    kind = text(endpoint.at("vpcEndpointType")) or "Gateway"
    if kind == "Interface" and endpoint.at("privateDnsEnabled") is not True:
        yield "the service's own name does not lead to it"
    if kind == "Gateway" and not is_routed(endpoint):
        yield "no route leads to it"


def is_routed(endpoint: Resource) -> bool:
    """Whether a route leads to a gateway endpoint."""
    return is_filled(endpoint, "routeTableIds") or any(belonging(endpoint, VPC_ENDPOINT_ROUTE, "vpcEndpointId"))


def balancer_is_guarded(balancer: Resource) -> Iterable[str]:
    """Where the balancer is declared public and not `internal`, a `WebAclAssociation` of the stack is for it, and an
    action of a listener of it, or of a `ListenerRule`, asks callers who they are.
    """
    if balancer.at("internal") is True or not is_declared_public(balancer):
        raise NotApplicable("it is not declared public")
    if not any(belonging(balancer, WEB_ACL_ASSOCIATION, "resourceArn")):
        yield "no firewall for web requests is before it"
    if not any(asks(each) for each in belonging(balancer, LISTENER, "loadBalancerArn")):
        yield "no listener asks callers who they are"


def asks(listener: Resource) -> bool:
    """Whether a listener, or a rule of it, asks callers who they are."""
    rules = belonging(listener, LISTENER_RULE, "listenerArn")
    actions = chain(items(listener.at("defaultActions")), *(items(rule.at("actions")) for rule in rules))
    return any(at(action, "type") in ASKING for action in actions)


def api_is_guarded(api: Resource) -> Iterable[str]:
    """Where the API is declared public, a `WebAclAssociation` of the stack is for each `Stage` of it."""
    if not is_declared_public(api) or several(api.at("endpointConfiguration", "types")) == ["PRIVATE"]:
        raise NotApplicable("it is not declared public")
    stages = list(belonging(api, STAGE, "restApi"))
    if not stages or not all(any(belonging(stage, WEB_ACL_ASSOCIATION, "resourceArn")) for stage in stages):
        yield "no firewall for web requests is before its stages"
