import pytest
from support.policy_cases import controls, resource

from modelport_policies.gcp import FIREWALL, access_to, days, is_region, region_of

INGRESS = next(control for control in controls() if control.id == "NET-10")


@pytest.mark.parametrize(
    ("allows", "words"),
    [
        ([{"protocol": "tcp", "ports": ["22"]}], "tcp 22 is open to 0.0.0.0/0"),
        ([{"protocol": "tcp", "ports": ["20-22", "80"]}], "tcp 20-22,80 is open to 0.0.0.0/0"),
        ([{"protocol": "tcp", "ports": ["22"]}, {"protocol": "icmp"}], "tcp 22 and icmp are open to 0.0.0.0/0"),
        ([{"protocol": "all"}], "all is open to 0.0.0.0/0"),
    ],
)
def test_what_is_open_to_the_world_is_named_with_its_ports(allows, words):
    firewall = resource(FIREWALL, {"sourceRanges": ["0.0.0.0/0"], "allows": allows})
    assert INGRESS.evaluate(firewall).violations == (words,)


def test_what_grants_roles_has_three_types_as_the_provider_spells_them():
    assert access_to("projects/iAM")[0] == "gcp:projects/iAMMember:IAMMember"
    assert access_to("vertex/aiEndpointIam")[1] == "gcp:vertex/aiEndpointIamBinding:AiEndpointIamBinding"
    assert access_to("storage/bucketIAM")[2] == "gcp:storage/bucketIAMPolicy:BucketIAMPolicy"


@pytest.mark.parametrize(("duration", "found"), [("86400s", 1), ("43200.0s", 0.5), ("1d", None), (None, None)])
def test_a_duration_is_seconds(duration, found):
    assert days(duration) == found


def test_a_zone_is_of_its_region_and_several_regions_are_none():
    assert region_of("Europe-West3-a") == "europe-west3"
    assert is_region("EUROPE-WEST3")
    assert not [place for place in ("EU", "eur4", "global", "europe", "") if is_region(place)]
