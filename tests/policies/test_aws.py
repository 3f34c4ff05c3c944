import pytest
from support.policy_cases import controls, resource

from modelport_policies.aws import SECURITY_GROUP_RULE

INGRESS = next(control for control in controls() if control.id == "NET-10")


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
