"""A service on a real API server, scheduler and controllers, brought up by the engine with its own provider."""

import pytest
from support.kubernetes_page import ROLES

from .bed.waiting import until
from .services import DIGEST


def is_gone(service):
    namespaces = [each["metadata"]["name"] for each in service.cluster.api.list("v1", "Namespace")]
    return service.namespace not in namespaces


def test_a_service_comes_up_changes_nothing_the_second_time_and_goes(service):
    service.raised()
    (deployment,) = service.deployments().values()
    assert deployment["status"]["readyReplicas"] == deployment["spec"]["replicas"] == 2
    slices = service.cluster.api.list("discovery.k8s.io/v1", "EndpointSlice", service.namespace)
    assert sum(len(each["endpoints"]) for each in slices) == 2
    assert set(service.raised().changes) == {"same"}
    assert service.stack.destroy().exit_code == 0
    assert is_gone(service)


def test_another_model_is_a_rolling_update_of_the_same_deployment(service):
    service.raised()
    before, pods = service.deployments()["blue"], service.pods()
    service.stack.train(3.0)
    service.raised()
    after = service.deployments()["blue"]
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    until(lambda: not service.pods() & pods)
    (settings,) = service.objects("v1", "ConfigMap")
    (server,) = after["spec"]["template"]["spec"]["containers"]
    assert server["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]
    assert set(service.raised().changes) == {"same"}


def test_a_version_in_the_other_slot_takes_the_service_over(service):
    service.raised()
    service.config = {"modelport:releases": {service.name: {"stable": {"source": "model.onnx", "slot": "green"}}}}
    service.raised()
    assert list(service.deployments()) == ["green"]
    (address,) = service.objects("v1", "Service")
    assert address["spec"]["selector"]["modelport/slot"] == "green"


def test_an_image_that_cannot_be_pulled_fails_the_update_and_the_old_pods_stay(service):
    service.raised()
    before = service.pods()
    service.fields = {**service.fields, "serving": {"image": f"registry.invalid/server@{DIGEST}"}}
    short = {"properties": {"spec": {"progressDeadlineSeconds": 5}}}
    service.config = {"modelport:resources": {f"{service.name}-kubernetes-server-blue": short}}
    assert service.up().exit_code == 1
    assert any("ErrImagePull" in error for error in service.stack.errors), service.stack.errors
    assert before <= service.pods()
    assert service.deployments()["blue"]["status"]["readyReplicas"] == 2


def test_a_model_that_does_not_become_ready_can_be_taken_back(service):
    service.raised()
    (before,), pods = service.objects("v1", "ConfigMap"), service.pods()
    fields = service.fields
    service.stack.train(3.0)
    service.fields = {**fields, "serving": {"image": f"registry.invalid/server@{DIGEST}"}}
    short = {"properties": {"spec": {"progressDeadlineSeconds": 5}}}
    service.config = {"modelport:resources": {f"{service.name}-kubernetes-server-blue": short}}
    assert service.up().exit_code == 1
    assert len(service.objects("v1", "ConfigMap")) == 2, "the pods of before may start again"
    service.stack.train(2.0)
    service.fields = fields
    service.raised()
    until(lambda: service.objects("v1", "ConfigMap") == [before])
    assert service.pods() == pods
    assert set(service.raised().changes) == {"same"}


@pytest.mark.parametrize("replicas", [1, 4])
def test_the_namespace_has_room_for_an_update_in_which_every_old_pod_still_drains(service, replicas):
    service.fields = {**service.fields, "scaling": {"min": replicas}}
    service.raised()
    service.stack.train(3.0)
    service.raised()
    assert service.deployments()["blue"]["status"]["readyReplicas"] == replicas
    events = service.cluster.api.list("v1", "Event", service.namespace)
    assert not [each["message"] for each in events if "exceeded quota" in each.get("message", "")]


def test_the_rights_on_the_page_are_enough(service, user):
    service.kubeconfig = user(ROLES["ClusterRole"])
    service.raised()
    assert set(service.raised().changes) == {"same"}
    assert service.stack.destroy().exit_code == 0, service.stack.errors


def test_with_everything_existing_rights_in_the_namespace_are_enough(service, user, make_namespace):
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    service.namespace = make_namespace(restricted)
    service.kubeconfig = user(ROLES["Role"], service.namespace)
    service.existing = {
        "namespace": service.namespace,
        "role": "default",
        "priorityClass": f"{service.name}-given",
    }
    service.cluster.api.apply(
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": f"{service.name}-given"},
            "value": 10,
        }
    )
    try:
        service.raised()
        assert set(service.raised().changes) == {"same"}
        assert service.stack.destroy().exit_code == 0, service.stack.errors
        assert service.objects("apps/v1", "Deployment") == []
    finally:
        service.cluster.api.delete("scheduling.k8s.io/v1", "PriorityClass", f"{service.name}-given")
