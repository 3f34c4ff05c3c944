from __future__ import annotations

from dataclasses import dataclass

import pulumi

from .project import Project
from .resources import ADDRESS, FIREWALL, FORWARDING_RULE, NETWORK, SUBNET, DeployedModel, Resources

RANGE = "10.0.0.0/28"
"""Of the subnet that the endpoint's address is in."""
LAST, BEFORE = 65534, 1000
HTTPS = {"protocol": "tcp", "ports": ["443"]}
FLOWS = {"aggregationInterval": "INTERVAL_5_SEC", "flowSampling": 0.5, "metadata": "INCLUDE_ALL_METADATA"}


@dataclass(frozen=True)
class Network:
    """Where callers are.

    Attributes:
        network, subnet: their names.
    """

    network: pulumi.Input[str]
    subnet: pulumi.Input[str]


def network(own: Resources, project: Project) -> Network | None:
    """The network that the endpoint has an address in, made unless it is given; None for a public endpoint.

    From the one that is made nobody reaches anything but the endpoint.
    """
    existing = own.plan.environment.existing
    if own.plan.spec.security.exposure == "public":
        return None
    if existing.vpc is not None:
        return Network(existing.vpc, existing.subnets[0])
    made = own.make(NETWORK, "vpc", {"autoCreateSubnetworks": False, "deleteDefaultRoutesOnCreate": True})
    inputs = {
        "network": made.id,
        "region": project.region,
        "ipCidrRange": RANGE,
        "privateIpGoogleAccess": True,
        "logConfig": FLOWS,
    }
    subnet = own.make(SUBNET, "subnet", inputs)
    nobody = {"denies": [{"protocol": "all"}], "destinationRanges": ["0.0.0.0/0"], "priority": LAST}
    endpoint = {"allows": [HTTPS], "destinationRanges": [RANGE], "priority": BEFORE}
    logged = {"network": made.id, "direction": "EGRESS", "logConfig": {"metadata": "INCLUDE_ALL_METADATA"}}
    own.make(FIREWALL, "vpc-closed", {**logged, **nobody})
    own.make(FIREWALL, "vpc-endpoint", {**logged, **endpoint})
    return Network(made.id, subnet.id)


def private_address(own: Resources, project: Project, place: Network, deployed: DeployedModel) -> pulumi.Output[str]:
    """The address in the network from which requests go to the endpoint, once a model is deployed to it.

    Source: https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect
    """
    inputs = {"region": project.region, "subnetwork": place.subnet, "addressType": "INTERNAL"}
    address = own.make(ADDRESS, "address", inputs)
    forwarding = {
        "region": project.region,
        "network": place.network,
        "ipAddress": address.self_link,
        "loadBalancingScheme": "",
        "target": deployed.serviceAttachment,
    }
    own.make(FORWARDING_RULE, "private", forwarding)
    made: pulumi.Output[str] = address.address
    return made
