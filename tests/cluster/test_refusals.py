"""What a cluster refuses of a service: one error each time, which says what, where and what to do."""

import re

import pytest
from support.kubernetes_page import ROLES

SHORT = {"properties": {"spec": {"progressDeadlineSeconds": 5}}}


@pytest.fixture(params=["own", "given"])
def placed(request, service, make_namespace):
    """A service in a namespace of its own, and one in a namespace that is there, with everything else that may be."""
    if request.param == "given":
        service.namespace = make_namespace()
        service.existing = {"namespace": service.namespace, "role": "default", "priorityClass": "system-node-critical"}
    return service


@pytest.fixture
def given(service, make_namespace):
    """A service in a namespace that is there."""
    service.namespace = make_namespace()
    service.existing = {"namespace": service.namespace}
    return service


def refusal(service):
    """The one error of an update that fails."""
    (told,) = refusals(service)
    return told


def refusals(service):
    """The errors of an update that fails; what is said of several objects in the same words is shown once."""
    assert service.up().exit_code == 1
    return sorted({each.strip() for each in service.stack.errors} - {"preview failed", "update failed"})


def limited(service, **hard):
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small", "namespace": service.namespace}}
    service.cluster.api.create({**quota, "spec": {"hard": hard}})


def test_a_cluster_that_does_not_answer(placed, astray_kubeconfig):
    placed.kubeconfig = astray_kubeconfig
    told = refusal(placed)
    assert "(https://127.0.0.1:1) does not answer: " in told
    assert "See whether the address is right and can be reached from this machine." in told


@pytest.mark.parametrize("who", ["expired_kubeconfig", "unknown_kubeconfig"])
def test_credentials_that_are_no_good(placed, request, who):
    placed.kubeconfig = request.getfixturevalue(who)
    told = refusal(placed)
    assert "does not accept the credentials" in told
    assert "log in again, or renew the token in the kubeconfig" in told


def test_a_right_that_is_missing(given, user):
    rules = [rule for rule in ROLES["Role"] if "deployments" not in rule["resources"]]
    given.existing = {**given.existing, "role": "default", "priorityClass": "system-node-critical"}
    given.kubeconfig = user(rules, given.namespace)
    told = refusal(given)
    assert f'cannot get resource "deployments" in API group "apps" in the namespace "{given.namespace}"' in told
    assert "The user needs this permission: add it to a Role of the namespace, or to a ClusterRole." in told


def test_no_rights_at_all(placed, user):
    """Each that is missing where the stack has come to, and no further."""
    placed.kubeconfig = user([])
    for told in refusals(placed):
        assert re.search(r'cannot get resource "\w+" in API group', told), told
        assert "add it to a Role" in told


def test_pods_beyond_a_quota(given):
    limited(given, pods="1")
    given.config = {"modelport:resources": {f"{given.name}-kubernetes-server-blue": SHORT}}
    told = refusal(given)
    assert f"Deployment {given.namespace}/" in told
    assert "exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1" in told
    assert "Raise the ResourceQuota, or ask for less." in told


def test_objects_beyond_a_quota(given):
    limited(given, **{"count/deployments.apps": "0"})
    told = refusal(given)
    assert "exceeded quota: small" in told
    assert "Raise the ResourceQuota, or ask for less." in told


def test_a_field_that_somebody_else_has_taken(service):
    service.raised()
    (deployment,) = service.deployments().values()
    theirs = {"name": deployment["metadata"]["name"], "namespace": service.namespace}
    spec = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": theirs, "spec": {"progressDeadlineSeconds": 99}}
    service.cluster.api.apply(spec, manager="night-shift", force=True)
    service.stack.train(3.0)
    before = service.pods()
    told = refusal(service)
    assert "spec.progressDeadlineSeconds is managed by night-shift" in told
    assert 'pulumi.com/patchForce: "true"' in told
    assert service.pods() == before


def test_an_object_that_somebody_else_has_made(given):
    name = {"name": given.full, "namespace": given.namespace}
    given.cluster.api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name})
    told = refusal(given)
    assert f"ServiceAccount {given.namespace}/{given.full} already exists, and this stack has not made it" in told
    assert "pulumi import" in told
