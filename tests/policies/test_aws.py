import pytest
from support.policy_cases import controls, resource

from modelport_policies.aws import MODEL, SECURITY_GROUP_RULE, SUBNET
from modelport_policies.resource import Resource, Stack

BY_ID = {control.id: control for control in controls()}
INGRESS = BY_ID["NET-10"]


@pytest.mark.parametrize(
    ("ports", "words"),
    [
        ({"protocol": "tcp", "fromPort": 22, "toPort": 22}, "port 22 is open to 0.0.0.0/0"),
        ({"protocol": "tcp", "fromPort": 20.0, "toPort": 22.0}, "ports 20 to 22 are open to 0.0.0.0/0"),
        ({"protocol": "-1", "fromPort": 0, "toPort": 0}, "all ports are open to 0.0.0.0/0"),
    ],
)
def test_what_is_open_to_the_world_is_named_with_its_ports(ports, words):
    rule = resource(SECURITY_GROUP_RULE, {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"], **ports})
    assert INGRESS.evaluate(rule).violations == (words,)


def test_every_network_that_is_the_world_is_found():
    rule = {"type": "ingress", "cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"], "ipv6CidrBlocks": ["fc00::/7", "2000::/3"]}
    violations = INGRESS.evaluate(resource(SECURITY_GROUP_RULE, rule)).violations
    assert [each.rpartition(" ")[2] for each in violations] == ["0.0.0.0/0", "2000::/3"]


@pytest.mark.parametrize(
    ("zones", "violations"),
    [
        (("eu-central-1a", "eu-central-1a"), ("all of its subnets are in eu-central-1a",)),
        (("eu-central-1a", "eu-central-1b"), ()),
    ],
)
def test_a_model_whose_subnets_are_of_the_stack_is_in_several_zones(zones, violations):
    subnets = [resource(SUBNET, {"availabilityZone": zone}, name=f"digits-{zone}-{i}") for i, zone in enumerate(zones)]
    given = {"vpcConfig": {"subnets": ["subnet-1", "subnet-2"]}}
    depends = {"vpcConfig": [each.urn for each in subnets]}
    model = Resource(MODEL, "digits", "urn:digits", given, Stack(subnets), dependencies=depends)
    assert BY_ID["RES-02"].evaluate(model).violations == violations
