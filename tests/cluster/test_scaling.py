"""The number of pods of a service on a real API server, with the autoscaler of its controller manager."""

import pytest
from cluster.bed.waiting import until
from cluster.services import DIGEST

KEDA = {"autoscaler": "keda", "prometheusAddress": "http://prometheus.monitoring:9090"}
FIXED = {"min": 2, "max": 2}
SHORT = {"properties": {"spec": {"progressDeadlineSeconds": 5}}}
BUSY = {"properties": {"spec": {"template": {"metadata": {"annotations": {"kwok.x-k8s.io/usage-cpu": "900m"}}}}}}


def replicas(service):
    return service.deployments()["blue"]["spec"]["replicas"]


def cpus(service):
    """What the containers of the pods get."""
    pods = [each for each in service.objects("v1", "Pod") if "deletionTimestamp" not in each["metadata"]]
    return {container["resources"]["requests"]["cpu"] for pod in pods for container in pod["spec"]["containers"]}


def autoscaler(service):
    (found,) = service.objects("autoscaling/v2", "HorizontalPodAutoscaler")
    return found


@pytest.fixture
def busy(service):
    """A service whose pods use most of a core each, and which has been given more of them for it."""
    service.fields = {**service.fields, "compute": {"cpu": 1}, "scaling": {"min": 1, "max": 2}}
    service.config = {"modelport:resources": {f"{service.name}-kubernetes-server-blue": BUSY}}
    service.raised()
    until(lambda: replicas(service) == 2, seconds=150)
    return service


def test_pods_come_with_load_and_a_later_update_leaves_them(busy):
    owners = {
        entry["manager"]
        for entry in busy.deployments()["blue"]["metadata"]["managedFields"]
        if "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
    }
    assert owners == {"kube-controller-manager"}
    assert set(busy.raised().changes) == {"same"}
    busy.stack.train(3.0)
    busy.raised()
    assert replicas(busy) == 2
    assert busy.deployments()["blue"]["status"]["readyReplicas"] == 2
    busy.stack.refresh()
    assert set(busy.raised().changes) == {"same"}
    assert replicas(busy) == 2


def test_other_bounds_are_the_autoscalers_to_keep(busy):
    busy.fields["scaling"] = {"min": 3, "max": 5}
    busy.raised()
    until(lambda: replicas(busy) >= 3)
    assert autoscaler(busy)["spec"]["maxReplicas"] == 5


def test_a_fixed_number_is_taken_back_from_the_autoscaler(busy):
    busy.fields["scaling"] = {"min": 1, "max": 1}
    busy.raised()
    assert busy.objects("autoscaling/v2", "HorizontalPodAutoscaler") == []
    busy.scale("blue", 2, "kube-controller-manager")  # as the autoscaler may have it once more before it goes
    assert set(busy.raised().changes) == {"same"}
    assert replicas(busy) == 2
    busy.stack.refresh()
    busy.raised()
    assert replicas(busy) == 1
    assert set(busy.raised().changes) == {"same"}


# quota


def test_smaller_instances_come_in_beside_larger_ones(service):
    service.fields = {**service.fields, "scaling": FIXED, "compute": {"cpu": 4, "memory": "4Gi"}}
    service.raised()
    before = service.pods()
    service.fields["compute"] = {"cpu": 1, "memory": "1Gi"}
    service.raised()
    assert not before & service.pods()
    assert cpus(service) == {"1"}


def test_a_new_model_comes_in_though_fewer_instances_are_allowed_than_run(service):
    service.fields = {**service.fields, "scaling": {"min": 6, "max": 8}}
    service.raised()
    service.fields["scaling"] = {"min": 1, "max": 2}
    service.stack.train(3.0)
    service.raised()
    assert service.deployments()["blue"]["status"]["updatedReplicas"] == 6
    until(lambda: replicas(service) <= 2)


def test_what_a_smaller_quota_does_not_let_in_takes_two_updates(service):
    service.fields = {**service.fields, "scaling": FIXED, "compute": {"cpu": 4, "memory": "1Gi"}}
    service.config = {"modelport:resources": {f"{service.name}-kubernetes-server-blue": SHORT}}
    service.raised()
    before = service.pods()
    service.fields["compute"] = {"cpu": 0.5, "memory": "1Gi"}
    assert service.up().exit_code == 1
    (told,) = [each for each in service.stack.errors if "exceeded quota" in each]
    assert f"exceeded quota: {service.full}-quota, requested: limits.cpu=500m" in told
    assert before <= service.pods()
    for cpu in (2, 0.5):
        service.fields["compute"]["cpu"] = cpu
        service.raised()
    assert cpus(service) == {"500m"}


# KEDA

WEEK = [{"cron": "0 8 * * 1-5", "min": 3, "max": 4}, {"cron": "30 19 * * *", "min": 0, "max": 0}]
TO_ZERO = {"field": "scaling.scaleToZero", "target": "kubernetes", "reason": "it is a demo"}
BY_REQUESTS = {"metric": "requestsPerSecond", "value": 50}


@pytest.mark.parametrize(
    ("fields", "existing"),
    [
        ({}, {}),
        ({"scaling": {"target": BY_REQUESTS}}, {}),
        ({"scaling": {"target": {"metric": "concurrency", "value": 8}}}, {}),
        ({"scaling": {"schedule": WEEK}}, {}),
        (
            {"scaling": {"target": BY_REQUESTS, "scaleToZero": True}, "accept": [TO_ZERO]},
            {"demand": 'sum(rate(asked{service="$SERVICE"}[1m]))'},
        ),
    ],
)
def test_kedas_objects_are_as_its_definition_wants_them(service, crds, fields, existing):
    assert "scaledobjects.keda.sh" in crds
    service.existing = {**KEDA, **existing}
    service.fields = {**service.fields, **fields}
    service.raised()
    (scaled,) = service.objects("keda.sh/v1alpha1", "ScaledObject")
    assert scaled["spec"]["scaleTargetRef"]["name"] in {
        each["metadata"]["name"] for each in service.deployments().values()
    }
    assert service.objects("autoscaling/v2", "HorizontalPodAutoscaler") == []
    assert set(service.raised().changes) == {"same"}


def test_a_service_that_goes_over_to_keda_keeps_its_pods(service, crds):
    service.raised()
    pods = service.pods()
    service.existing = KEDA
    service.raised()
    assert service.pods() == pods
    assert service.objects("autoscaling/v2", "HorizontalPodAutoscaler") == []


def test_a_service_that_comes_back_from_keda_waits_until_its_autoscaler_has_gone(service, crds):
    service.existing = KEDA
    service.raised()
    pods, name = service.pods(), service.deployments()["blue"]["metadata"]["name"]
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": service.namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": 2,
            "maxReplicas": 4,
        },
    }
    service.cluster.api.apply(scaler, manager="keda-operator")
    service.existing = {}
    assert service.up().exit_code == 1
    (told,) = [each for each in service.stack.errors if each.strip() != "preview failed"]
    assert f"HorizontalPodAutoscaler {service.namespace}/{name} already exists" in told
    assert "it is managed by keda-operator. Have it deleted" in told
    assert service.objects("keda.sh/v1alpha1", "ScaledObject")
    service.fields = {**service.fields, "scaling": FIXED}
    service.raised()
    assert service.objects("keda.sh/v1alpha1", "ScaledObject") == []
    service.cluster.api.delete("autoscaling/v2", "HorizontalPodAutoscaler", name, service.namespace)  # as KEDA does
    service.fields = {**service.fields, "scaling": {}}
    service.raised()
    assert autoscaler(service)["metadata"]["name"] == name
    assert service.pods() == pods


def test_a_field_that_keda_does_not_know_is_an_error_that_names_it(service, crds):
    service.existing = KEDA
    wrong = {"properties": {"spec": {"cooldownPeriodd": 5}}}
    service.config = {"modelport:resources": {f"{service.name}-kubernetes-scaledobject-blue": wrong}}
    assert service.up().exit_code == 1
    assert any("cooldownPeriodd" in each for each in service.stack.errors), service.stack.errors


def test_a_service_without_pods_is_updated_without_waiting_for_one(service, crds):
    service.existing = KEDA
    service.fields = {**service.fields, "scaling": {"schedule": WEEK}}
    service.raised()
    service.scale("blue", 0, "keda-operator")
    until(lambda: not service.pods())
    service.fields = {**service.fields, "serving": {"image": f"registry.example/other@{DIGEST}"}}
    service.raised()
    assert replicas(service) == 0
    assert set(service.raised().changes) == {"same"}


def test_a_cluster_without_keda_says_so_once(start_cluster, service):
    service.cluster = start_cluster()
    service.kubeconfig = service.cluster.kubeconfig
    service.existing = KEDA
    assert service.up().exit_code == 1
    told = [each for each in service.stack.errors if "ScaledObject of keda.sh/v1alpha1" in each]
    assert len(told) == 1, service.stack.errors
    assert "install its CustomResourceDefinition first" in told[0]
