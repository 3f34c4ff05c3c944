from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from .account import Account
from .documents import Statement, allow, document
from .flows import flows
from .resources import (
    EGRESS,
    INGRESS,
    NETWORK_ACL,
    NETWORK_ACL_RULE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SECURITY_GROUP,
    SUBNET,
    VPC,
    VPC_DEFAULT_GROUP,
    VPC_ENDPOINT,
    Resources,
)

RANGE = "10.0.0.0/24"
SUBNET_RANGES = ("10.0.0.0/25", "10.0.0.128/25")
"""In as many zones."""
SERVICES = ("sagemaker.runtime", "ecr.api", "ecr.dkr", "kms", "logs")
"""What is reached from within without the internet, besides S3."""
USUAL_PREFIX = "com.amazonaws"
OF_PARTITIONS: Mapping[str, tuple[str, Collection[str]]] = {
    "aws-cn": ("cn.com.amazonaws", {"sagemaker.runtime", "ecr.api", "ecr.dkr"}),
    "aws-eusc": ("eu.amazonaws", {"ecr.api", "ecr.dkr"}),
    "aws-iso": ("gov.ic.c2s", {"sagemaker.runtime", "ecr.api", "ecr.dkr"}),
    "aws-iso-b": ("gov.sgov.sc2s", {"sagemaker.runtime", "ecr.api", "ecr.dkr"}),
    "aws-iso-e": ("uk.adc-e.cloud", {"ecr.api", "ecr.dkr"}),
    "aws-iso-f": ("gov.ic.hci.csp", {"ecr.api", "ecr.dkr"}),
}
"""What the names of some services begin with in a partition; all others begin as they do everywhere.

Source: `aws ec2 describe-vpc-endpoint-services` of each, as InterfaceVpcEndpointAwsService of AWS's CDK has them.
"""
HTTPS = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
ASKED, ANSWERED = (443, 443), (32768, 65535)
"""Ports that are asked, and those that Linux asks from, so that answers come to them."""
EVERYWHERE = "0.0.0.0/0"
"""S3 has addresses outside of the network, whichever way leads there."""
PASSES = {
    "asking": (True, 100, EVERYWHERE, ASKED),
    "answering": (True, 110, RANGE, ANSWERED),
    "asked": (False, 100, RANGE, ASKED),
    "answered": (False, 110, EVERYWHERE, ANSWERED),
}
"""What passes the borders of a subnet: whether outwards, number of the rule, with whom, and to which ports."""


@dataclass(frozen=True)
class Network:
    """Where the service's instances are.

    Attributes:
        subnets, groups: ids of subnets and security groups.
    """

    subnets: Sequence[pulumi.Input[str]]
    groups: Sequence[pulumi.Input[str]]

    @property
    def config(self) -> dict[str, Any]:
        """The `vpcConfig` of a model."""
        return {"subnets": list(self.subnets), "securityGroupIds": list(self.groups)}


def network(own: Resources, account: Account, key: pulumi.Input[str], writing: Sequence[Statement]) -> Network | None:
    """The network of the service, without a way to the internet, made unless subnets are given.

    None for a serverless service, which SageMaker puts into none.

    Args:
        key: what encrypts the log of who speaks to whom.
        writing: what of S3 may be written from within.
    """
    existing = own.plan.environment.existing
    if own.plan.spec.mode == "serverless":
        return None
    if existing.subnets:
        return Network(existing.subnets, existing.security_groups)
    vpc = own.make(VPC, "vpc", {"cidrBlock": RANGE, "enableDnsSupport": True, "enableDnsHostnames": True})
    own.make(VPC_DEFAULT_GROUP, "vpc-default", {"vpcId": vpc.id})  # which lets nothing in or out from now on
    routes = own.make(ROUTE_TABLE, "routes", {"vpcId": vpc.id})
    subnets = [_subnet(own, vpc, routes, index) for index in range(len(SUBNET_RANGES))]
    _access(own, vpc, subnets)
    flows(own, account, vpc, key)
    server = _group(own, vpc, "servers", "The instances of the model service.")
    private = _group(own, vpc, "private", "What services of AWS are reached through.")
    _let(own, "private", server, private)
    storage = _storage(own, account, vpc, routes, writing)
    _let_out(own, "storage", server, {"prefixListId": storage.prefix_list_id})
    for service in SERVICES:
        inputs = {
            "vpcId": vpc.id,
            "serviceName": _service(account, service),
            "vpcEndpointType": "Interface",
            "privateDnsEnabled": True,
            "subnetIds": [each.id for each in subnets],
            "securityGroupIds": [private.id],
        }
        own.make(VPC_ENDPOINT, f"private-{service.replace('.', '')}", inputs)
    return Network([each.id for each in subnets], [server.id])


def _subnet(own: Resources, vpc: Any, routes: Any, index: int) -> Any:
    import pulumi_aws as aws

    zones = aws.get_availability_zones_output(
        state="available",
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=pulumi.InvokeOutputOptions(parent=vpc),
    )
    number = index + 1
    inputs = {"vpcId": vpc.id, "cidrBlock": SUBNET_RANGES[index], "availabilityZone": zones.names[index]}
    subnet = own.make(SUBNET, f"subnet-{number}", {**inputs, "mapPublicIpOnLaunch": False})
    own.make(ROUTE_TABLE_ASSOCIATION, f"routes-{number}", {"subnetId": subnet.id, "routeTableId": routes.id})
    return subnet


def _access(own: Resources, vpc: Any, subnets: Sequence[Any]) -> None:
    """Let HTTPS alone, and what answers it, pass the borders of the subnets.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
    """
    access = own.make(NETWORK_ACL, "access", {"vpcId": vpc.id, "subnetIds": [each.id for each in subnets]})
    for name, (egress, number, block, (first, last)) in PASSES.items():
        inputs = {
            "networkAclId": access.id,
            "egress": egress,
            "ruleNumber": number,
            "ruleAction": "allow",
            "protocol": "tcp",
            "cidrBlock": block,
            "fromPort": first,
            "toPort": last,
        }
        own.make(NETWORK_ACL_RULE, f"access-{name}", inputs)


def _group(own: Resources, vpc: Any, role: str, description: str) -> Any:
    prefix = f"{own.plan.names.of(role)}-"
    return own.make(SECURITY_GROUP, role, {"vpcId": vpc.id, "namePrefix": prefix, "description": description})


def _let(own: Resources, name: str, one: Any, other: Any) -> None:
    """Let a group reach another."""
    _let_out(own, name, one, {"referencedSecurityGroupId": other.id})
    inputs = {**HTTPS, "securityGroupId": other.id, "referencedSecurityGroupId": one.id}
    own.make(INGRESS, f"from-servers-to-{name}", {**inputs, "description": "HTTPS from the model service."})


def _let_out(own: Resources, name: str, group: Any, where: dict[str, Any]) -> None:
    inputs = {**HTTPS, "securityGroupId": group.id, **where, "description": f"HTTPS to {name}."}
    own.make(EGRESS, f"to-{name}", inputs)


def _storage(own: Resources, account: Account, vpc: Any, routes: Any, writing: Sequence[Statement]) -> Any:
    """The way to S3, to reading in the buckets of this account alone, and to what may be written."""
    mine = {"StringEquals": {"aws:ResourceAccount": account.id}}
    reading = allow("Read", ["s3:GetObject", "s3:ListBucket"], "*", Principal="*", Condition=mine)
    inputs = {
        "vpcId": vpc.id,
        "serviceName": _service(account, "s3"),
        "vpcEndpointType": "Gateway",
        "routeTableIds": [routes.id],
        "policy": document(reading, *writing),
    }
    return own.make(VPC_ENDPOINT, "private-s3", inputs)


def _service(account: Account, name: str) -> pulumi.Output[str]:
    """What an endpoint calls a service."""

    def begin(partition: str) -> str:
        prefix, services = OF_PARTITIONS.get(partition, (USUAL_PREFIX, ()))
        return prefix if name in services else USUAL_PREFIX

    return pulumi.Output.concat(account.partition.apply(begin), ".", account.region, ".", name)
