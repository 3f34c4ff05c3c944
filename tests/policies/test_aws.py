import pytest
from support.policy_cases import controls, resource

from modelport_policies import relations
from modelport_policies.aws import (
    BUCKET,
    BUCKET_LOGGING,
    ENDPOINT,
    MODEL,
    MONITORING_SCHEDULE,
    SECURITY_GROUP_RULE,
    SUBNET,
)
from modelport_policies.controls.aws import monitoring
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


def test_each_job_is_asked_once_whether_it_watches_an_endpoint(monkeypatch):
    asked, ask = [], monitoring.is_about
    monkeypatch.setattr(monitoring, "is_about", lambda job, endpoint: asked.append(job.name) or ask(job, endpoint))
    others = [
        resource(MONITORING_SCHEDULE, {"monitoringScheduleConfig": {"endpointName": f"other-{i}"}}, name=f"job-{i}")
        for i in range(5)
    ]
    endpoint = resource(ENDPOINT, {"name": "digits", "tags": {"environment": "prod"}}, Stack(others))
    assert list(monitoring.endpoint_is_watched(endpoint))
    assert asked == [each.name for each in others]


def test_the_names_of_what_others_belong_to_are_read_once(monkeypatch):
    read, known = [], relations.known
    monkeypatch.setattr(relations, "known", lambda owner, key: read.append(owner.name) or known(owner, key))
    others = [resource(BUCKET_LOGGING, {"bucket": "models"}, name=f"logging-{i}") for i in range(5)]
    bucket = resource(BUCKET, {"bucket": "models"}, Stack(others), name="models")
    assert list(relations.belonging(bucket, BUCKET_LOGGING, "bucket")) == others
    assert read.count("models") == len(relations.NAMES)
