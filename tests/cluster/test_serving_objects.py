"""A service on a real API server, scheduler and controllers, brought up by the engine with its own provider."""

import json
import re
import uuid
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support import clouds
from support.stack import Stack

from .bed.waiting import until

PROGRAM = """
import pulumi
from modelport import ModelService

pulumi.export("services", {"it": ModelService.from_file("service.yaml").outputs})
"""
PAGE = (Path(__file__).parents[2] / "docs" / "targets" / "kubernetes.md").read_text()
BLOCKS = [YAML(typ="safe").load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
RIGHTS = {block["kind"]: block["rules"] for block in BLOCKS if "kind" in block}
DIGEST = "sha256:" + "a" * 64


@pytest.fixture(scope="module")
def registry():
    """Where models are brought to; the simulated nodes ask nobody for them."""
    with clouds.serving(clouds.Oci()) as cloud:
        yield f"127.0.0.1:{cloud.port}"


@pytest.fixture
def service(cluster, registry, tmp_path):
    """A stack with a service of a name of its own; it is destroyed afterwards."""
    with Stack(tmp_path / "project", PROGRAM) as stack:
        yield Service(cluster, stack, registry)
        stack.destroy()


class Service:
    def __init__(self, cluster, stack, registry):
        self.cluster, self.stack, self.registry = cluster, stack, registry
        self.name = f"s{uuid.uuid4().hex[:8]}"
        self.namespace = self.full = f"{self.name}-dev"
        self.kubeconfig = cluster.kubeconfig
        self.existing, self.config, self.fields = {}, {}, {"startupSeconds": 60}

    def up(self):
        context = json.loads(self.kubeconfig.read_text())["current-context"]
        config = {
            "kubernetes:kubeconfig": str(self.kubeconfig),
            "kubernetes:context": context,
            "modelport:target": "kubernetes",
            "modelport:environment": "dev",
            "modelport:image": f"{self.registry}/models/modelport-server@{DIGEST}",
            "modelport:existing": {"registry": f"{self.registry}/models", **self.existing},
            **self.config,
        }
        spec = {"metadata": {"name": self.name}, "model": {"source": "model.onnx"}, **self.fields}
        (self.stack.folder / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
        (self.stack.folder / "service.yaml").write_text(json.dumps(spec))
        return self.stack.up()

    def raised(self):
        result = self.up()
        assert result.exit_code == 0, self.stack.errors
        return result

    def objects(self, version, kind):
        return self.cluster.api.list(version, kind, self.namespace, labels=f"app.kubernetes.io/name={self.name}")

    def deployments(self):
        return {each["metadata"]["labels"]["modelport/slot"]: each for each in self.objects("apps/v1", "Deployment")}

    def pods(self):
        return {each["metadata"]["uid"] for each in self.objects("v1", "Pod")}


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
    service.kubeconfig = user(RIGHTS["ClusterRole"])
    service.raised()
    assert set(service.raised().changes) == {"same"}
    assert service.stack.destroy().exit_code == 0, service.stack.errors


def test_with_everything_existing_rights_in_the_namespace_are_enough(service, user, make_namespace):
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    service.namespace = make_namespace(restricted)
    service.kubeconfig = user(RIGHTS["Role"], service.namespace)
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
